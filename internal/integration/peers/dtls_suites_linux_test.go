package peers_test

import (
	"crypto/tls"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// opensslSuites are the flags for one suite, by IANA's names.
func opensslSuites(t *testing.T) map[string][]string {
	t.Helper()
	flags := map[string][]string{}
	for line := range strings.Lines(run(t, patient, "openssl", "ciphers", "-stdname", "-s", "-psk", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")) {
		fields := strings.Fields(line)
		flags[fields[0]] = []string{"-cipher", fields[2] + ":@SECLEVEL=0"}
	}
	return flags
}

var (
	gnutlsSuite = regexp.MustCompile(`(?m)^TLS_\S+\s+0x(\S\S), 0x(\S\S)`)
	suiteParts  = regexp.MustCompile(`^TLS_(.*)_WITH_(AES_\d+_[GC]CM(?:_8)?|AES_\d+_CBC|CHACHA20_POLY1305)(?:_(SHA\d*))?$`)
)

// gnutlsSuites does the same for gnutls, which has its own names: it is asked for
// the numbers.
func gnutlsSuites(t *testing.T) map[string][]string {
	t.Helper()
	flags := map[string][]string{}
	for _, m := range gnutlsSuite.FindAllStringSubmatch(run(t, patient, "gnutls-cli", "--list"), -1) {
		var id uint16
		_, err := fmt.Sscanf(m[1]+m[2], "%x", &id)
		require.NoError(t, err)
		name := dtlsx.CipherSuiteName(id)
		parts := suiteParts.FindStringSubmatch(name)
		if parts == nil {
			continue // unknown to dtlsx
		}
		exchange, cipher := strings.ReplaceAll(parts[1], "_", "-"), strings.ReplaceAll(parts[2], "_", "-")
		mac := "AEAD"
		if strings.HasSuffix(cipher, "CBC") {
			mac = strings.TrimSuffix(strings.Replace(parts[3]+".", "SHA.", "SHA1.", 1), ".")
		}
		flags[name] = []string{"--priority=NORMAL:-VERS-ALL:+VERS-DTLS1.2:-KX-ALL:+" + exchange + ":-CIPHER-ALL:+" + cipher + ":-MAC-ALL:+" + mac}
	}
	return flags
}

// Every suite that both dtlsx and the program have is agreed on when it is the
// only one of the program, and of dtlsx, in either role; without it at the other
// side there is no conn.
func TestDTLSCipherSuites(t *testing.T) {
	t.Parallel() // the programs wait at their end
	a := newAuthority(t)
	_, rsa := a.leaf(t, &pki.Leaf{Names: []string{"localhost"}, Key: pki.RSA2048})
	ecdsa, key := a.ecdsaFiles(t), []byte("sixteen bytes...")
	theirs := map[string]map[string][]string{"openssl": opensslSuites(t), "gnutls": gnutlsSuites(t)}
	for program, p := range dtlsPrograms {
		common := 0
		for _, id := range append(dtlsx.CipherSuites(), dtlsx.InsecureCipherSuites()...) {
			name := dtlsx.CipherSuiteName(id)
			if parsed, err := dtlsx.ParseCipherSuite(name); assert.NoError(t, err) {
				assert.Equal(t, id, parsed)
			}
			flags := theirs[program][name]
			if flags == nil {
				t.Logf("%s has no %s", program, name)
				continue
			}
			common++
			one := dtlsx.Config{CipherSuites: []uint16{id}, AllowInsecure: true}
			server, client := one, one
			var connect, serve []string
			switch {
			case strings.Contains(name, "PSK"):
				server.PSK = &dtlsx.PSK{Key: psk("me", key)}
				client.PSK = &dtlsx.PSK{Identity: []byte("me"), Key: psk("", key)}
				connect, serve = p.pskClient("me", key), p.pskServer(a, t, "me", "", key)
			case strings.Contains(name, "RSA"):
				server.TLS, client.TLS, serve = a.serves(t), a.trusts(), p.shows(rsa)
			default:
				server.TLS, client.TLS, serve = a.serves(t), a.trusts(), p.shows(ecdsa)
			}
			t.Run(program+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := serveDTLS(t, dtlsx.ListenConfig{Config: server}, tell)
				out, words := a.asks(t, p.client, s.address, append(connect, flags...)...)
				if program == "gnutls" && strings.Contains(name, "ECDHE_PSK") {
					// gnutls-cli 3.7.9 dies of ECDHE-PSK when the handshake is done,
					// whoever its server is: ours has the conn.
					words = <-s.agreed
				}
				assert.Contains(t, words+" ", name+" ", out)

				child, address := p.serve(a, t, append(serve, flags...)...)
				c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: client})
				require.NoError(t, err, "%s", &child.out)
				assert.Contains(t, describe(c)+" ", name+" ")
			})
		}
		t.Logf("%s and dtlsx have %d suites in common", program, common)
		assert.GreaterOrEqual(t, common, 10)
	}
}

// Every curve that the program offers alone is taken exactly when it is
// configured.
func TestDTLSCurves(t *testing.T) {
	t.Parallel() // the programs wait at their end
	a := newAuthority(t)
	rsa, files := a.leaf(t, &pki.Leaf{Names: []string{"localhost"}, Key: pki.RSA2048})
	all := map[string]tls.CurveID{"x25519": tls.X25519, "secp256r1": tls.CurveP256, "secp384r1": tls.CurveP384}
	for program, p := range dtlsPrograms {
		for name, flags := range p.curve {
			for own, id := range all {
				t.Run(program+"/"+own+" with "+name, func(t *testing.T) {
					t.Parallel()
					s := serveDTLS(t, dtlsx.ListenConfig{Config: dtlsx.Config{
						TLS: &tls.Config{Certificates: []tls.Certificate{rsa}}, Curves: []tls.CurveID{id},
					}}, tell)
					out, words := a.asks(t, p.client, s.address, flags...)
					if own == name {
						assert.Contains(t, words, " "+name+" ", out)
					} else {
						assert.Empty(t, words, out)
						alerted(t, s.failure(t), false, insufficientSecurity)
						if p.server == "gnutls-serv" {
							return // it would say nothing
						}
					}
					_, address := p.serve(a, t, append(p.shows(files), flags...)...)
					c, err := dialDTLS(t, address, dtlsx.DialConfig{Config: dtlsx.Config{TLS: a.trusts(), Curves: []tls.CurveID{id}}})
					if own == name {
						require.NoError(t, err)
						assert.Contains(t, describe(c), " "+name+" ")
					} else {
						alerted(t, err, true, handshakeFailure)
					}
				})
			}
		}
	}
}
