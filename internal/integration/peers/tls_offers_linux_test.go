package peers_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
)

// Every version that openssl offers is taken exactly when it is configured.
func TestTLSVersions(t *testing.T) {
	a := newAuthority(t)
	certs := a.both(t)
	all := map[string]uint16{"-tls1": tls.VersionTLS10, "-tls1_1": tls.VersionTLS11, "-tls1_2": tls.VersionTLS12, "-tls1_3": tls.VersionTLS13}
	for name, test := range map[string]struct {
		low, high uint16 // what is expected
		cfg       tlsx.Config
	}{
		"default":      {tls.VersionTLS12, tls.VersionTLS13, tlsx.Config{}},
		"modern":       {tls.VersionTLS13, tls.VersionTLS13, tlsx.Config{Preset: tlsx.Modern}},
		"intermediate": {tls.VersionTLS12, tls.VersionTLS13, tlsx.Config{Preset: tlsx.Intermediate}},
		"1.2 only":     {tls.VersionTLS12, tls.VersionTLS12, tlsx.Config{MaxVersion: tls.VersionTLS12}},
		"from 1.0":     {tls.VersionTLS10, tls.VersionTLS13, tlsx.Config{MinVersion: tls.VersionTLS10, AllowWeak: true}},
		"1.1 only":     {tls.VersionTLS11, tls.VersionTLS11, tlsx.Config{MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11, AllowWeak: true}},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Certificates = certs
			address := serveTLS(t, &test.cfg)
			for flag, version := range all {
				// openssl's own level forbids SHA-1 signatures, which 1.0 and 1.1 need.
				out, words := a.openssl(t, address, flag, "-cipher", "ALL:@SECLEVEL=0")
				if test.low <= version && version <= test.high {
					assert.True(t, strings.HasPrefix(words, tls.VersionName(version)+" "), "%s: %q\n%s", flag, words, out)
				} else {
					assert.Empty(t, words, flag)
					// A server that is too old answers with what it has, which the client refuses.
					assert.Regexp(t, "alert protocol version|unsupported protocol", out, flag)
				}
			}
			for priority, version := range map[string]uint16{"+VERS-TLS1.2": tls.VersionTLS12, "+VERS-TLS1.3": tls.VersionTLS13} {
				_, words := a.gnutls(t, address, "NORMAL:-VERS-ALL:"+priority)
				assert.Equal(t, test.low <= version && version <= test.high, strings.HasPrefix(words, tls.VersionName(version)+" "), "gnutls %s: %q", priority, words)
			}
		})
	}
}

// suites are those of TLS 1.2 that openssl has.
func suites(t *testing.T) []offer {
	t.Helper()
	var offers []offer
	for line := range strings.Lines(run(t, 20*time.Second, "openssl", "ciphers", "-stdname", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")) {
		fields := strings.Fields(line)
		if slices.Contains(fields, "TLSv1.3") {
			continue
		}
		offers = append(offers, offer{fields[0], fields[0], []string{"-tls1_2", "-cipher", fields[2] + ":@SECLEVEL=0"}})
	}
	require.Greater(t, len(offers), 40)
	return offers
}

// Every suite of TLS 1.2 that openssl offers is taken exactly when it is
// configured.
func TestTLSCipherSuites(t *testing.T) {
	a := newAuthority(t)
	certs := a.both(t)
	mozilla := []string{
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
		"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	}
	cbc := []string{
		"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
		"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
	}
	for name, test := range map[string]struct {
		cfg  tlsx.Config
		want []string
	}{
		"default":      {tlsx.Config{}, append(slices.Clone(mozilla), cbc...)},
		"intermediate": {tlsx.Config{Preset: tlsx.Intermediate}, mozilla},
		"modern":       {tlsx.Config{Preset: tlsx.Modern}, nil},
		"one": {
			tlsx.Config{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}},
			[]string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
		},
		"weak": {
			tlsx.Config{AllowWeak: true, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_GCM_SHA384}},
			[]string{"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_GCM_SHA384"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Certificates = certs
			offers := suites(t)
			for _, want := range test.want {
				require.True(t, slices.ContainsFunc(offers, func(o offer) bool { return o.name == want }), "openssl has no %s", want)
			}
			a.check(t, serveTLS(t, &test.cfg), offers, func(o offer) bool { return slices.Contains(test.want, o.name) })
		})
	}
}

// The suites of TLS 1.3 cannot be configured: Go's three are always taken.
func TestTLS13CipherSuites(t *testing.T) {
	a := newAuthority(t)
	address := serveTLS(t, &tlsx.Config{Certificates: a.both(t)})
	var offers []offer
	for _, name := range []string{
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256",
	} {
		offers = append(offers, offer{name, name, []string{"-tls1_3", "-ciphersuites", name}})
	}
	a.check(t, address, offers, func(o offer) bool { return !strings.Contains(o.name, "CCM") })
}

// Every curve that openssl and gnutls offer is taken exactly when it is
// configured, in both versions.
func TestTLSCurves(t *testing.T) {
	a := newAuthority(t)
	certs := a.both(t)
	groups := []offer{
		{"P-256", "secp256r1", []string{"GROUP-SECP256R1"}},
		{"P-384", "secp384r1", []string{"GROUP-SECP384R1"}},
		{"P-521", "secp521r1", []string{"GROUP-SECP521R1"}},
		{"X25519", "x25519", []string{"GROUP-X25519"}},
		{"X448", "x448", []string{"GROUP-X448"}},
		{"ffdhe2048", "ffdhe2048", []string{"GROUP-FFDHE2048"}},
	}
	for name, test := range map[string]struct {
		curves []tls.CurveID
		want   []string
	}{
		"default":      {nil, []string{"P-256", "P-384", "P-521", "X25519"}},
		"x25519":       {[]tls.CurveID{tls.X25519}, []string{"X25519"}},
		"NIST":         {[]tls.CurveID{tls.CurveP256, tls.CurveP384}, []string{"P-256", "P-384"}},
		"P-521":        {[]tls.CurveID{tls.CurveP521}, []string{"P-521"}},
		"with hybrids": {[]tls.CurveID{tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.X25519}, []string{"X25519"}},
	} {
		t.Run(name, func(t *testing.T) {
			address := serveTLS(t, &tlsx.Config{Certificates: certs, Curves: test.curves})
			for _, version := range []string{"-tls1_2", "-tls1_3"} {
				var offers []offer
				for _, g := range groups {
					if version == "-tls1_2" && g.name == "ffdhe2048" {
						continue // TLS 1.2 has it as a cipher suite: TestTLSCipherSuites
					}
					// RSA alone: in TLS 1.2 the curve of an ECDSA key has to be offered, too.
					offers = append(offers, offer{g.name, g.words, []string{version, "-groups", g.name, "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"}})
				}
				a.check(t, address, offers, func(o offer) bool { return slices.Contains(test.want, o.name) })
			}
			for _, g := range groups {
				for _, version := range []string{"VERS-TLS1.2", "VERS-TLS1.3"} {
					_, words := a.gnutls(t, address, "NORMAL:-VERS-ALL:+"+version+":-KX-ALL:+ECDHE-RSA:-GROUP-ALL:+"+g.args[0])
					assert.Equal(t, slices.Contains(test.want, g.name), slices.Contains(strings.Fields(words), g.words), "gnutls %s %s: %q", version, g.name, words)
				}
			}
		})
	}
}
