package tlsx_test

import (
	"crypto/tls"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// The mode is chosen when a program starts, so the test starts itself again.
func TestFIPS(t *testing.T) {
	if tlsx.FIPS() {
		t.Skip("the mode is on: TestFIPSMode runs")
	}
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes here")
	}
	for _, mode := range []string{"on", "only"} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFIPSMode$", "-test.v")
		// The race detector would let it sleep for a second at its end.
		cmd.Env = append(os.Environ(), "GODEBUG=fips140="+mode, "GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		assert.Contains(t, string(out), "--- PASS: TestFIPSMode")
	}
}

func TestFIPSMode(t *testing.T) {
	if !tlsx.FIPS() {
		t.Skip("the mode is off: TestFIPS runs this with it")
	}
	const says = "FIPS 140-3 mode is on"
	refused(t, &tlsx.Config{AllowWeak: true, MinVersion: tls.VersionTLS11}, "MinVersion=TLS 1.1: |"+says)
	refused(t, &tlsx.Config{Curves: []tls.CurveID{tls.CurveP256, tls.X25519}}, "Curves[1]=x25519: |"+says+": want any of X25519MLKEM768, SecP256r1MLKEM768, SecP384r1MLKEM1024, secp256r1")
	refused(t, &tlsx.Config{CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256}},
		"CipherSuites[0]=TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: |want any of TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
	refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{{Chain: tlsx.Text("x"), Signatures: []tls.SignatureScheme{tls.ECDSAWithSHA1}}}},
		"Certificates[0].Signatures[0]=ecdsa_sha1: |"+says)
	refused(t, &tlsx.Config{Certificates: []tlsx.Certificate{{PKCS12: tlsx.Text("x")}}}, "Certificates[0].PKCS12=(text): |FIPS 140-3 mode forbids")
	_, err := tlsx.New(&tlsx.Config{Curves: []tls.CurveID{tls.X25519}})
	require.ErrorIs(t, err, errors.ErrUnsupported)

	ca := authority(t)
	cert := leafOf(t, ca, pki.Leaf{Names: []string{"example.com"}})
	for _, preset := range []tlsx.Preset{tlsx.Default, tlsx.Modern, tlsx.Intermediate} {
		server, err := tlsx.New(&tlsx.Config{Preset: preset, Certificates: []tlsx.Certificate{preloaded(cert)}})
		require.NoError(t, err)
		assert.NotContains(t, server.CurvePreferences, tls.X25519)
		assert.NotContains(t, server.CipherSuites, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256)
		state, err := shake(t, server, &tls.Config{ServerName: "example.com", RootCAs: ca.Pool()})
		require.NoError(t, err)
		assert.Equal(t, "X25519MLKEM768", tlsx.Describe(state).Curve)
	}
}
