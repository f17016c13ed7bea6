package tlsx_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func keyPEM(t *testing.T, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// sClientMeets connects openssl's client to a server with a config. It returns
// what openssl said, and what the server thinks of it.
func sClientMeets(t *testing.T, dir string, server *tls.Config, args ...string) (string, error) {
	t.Helper()
	needOpenSSL(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		raw, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		c := tls.Server(raw, server)
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		if err = c.Handshake(); err == nil {
			_, err = c.Write([]byte("hello\n"))
		}
		done <- err
	}()
	p := exec.CommandContext(t.Context(), "openssl", append([]string{"s_client", "-connect", l.Addr().String(), "-servername", "a.example.com"}, args...)...)
	p.Dir = dir
	stdin, err := p.StdinPipe() // open: at its end the client would leave before the server's last word
	require.NoError(t, err)
	out, _ := p.CombinedOutput() // its exit code says only that something was wrong
	stdin.Close()
	l.Close()
	return string(out), <-done
}

// TestAlerts has openssl say what it hears when it is refused.
func TestAlerts(t *testing.T) {
	needOpenSSL(t)
	dir := t.TempDir()
	a := newAuthorities(t)
	own := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}})
	good := certFor(t, a.inter, &pki.Leaf{Names: []string{"me.example.com"}, Client: true})
	revoked := certFor(t, a.inter, &pki.Leaf{Names: []string{"me.example.com"}, Client: true})
	a.inter.Revoke(revoked)
	for name, c := range map[string]*pki.Certificate{
		"good": good, "revoked": revoked,
		"foreign": certFor(t, a.other, &pki.Leaf{Names: []string{"me.example.com"}, Client: true}),
		"expired": certFor(t, a.inter, &pki.Leaf{Names: []string{"me.example.com"}, Client: true, NotAfter: time.Now().Add(-time.Hour)}),
		"server":  certFor(t, a.inter, &pki.Leaf{Names: []string{"me.example.com"}, Server: true}),
		"named":   certFor(t, a.inter, &pki.Leaf{Names: []string{"you.example.com"}, Client: true}),
	} {
		_, _, err := c.Write(dir, name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".chain"), c.ChainPEM(), 0o600))
	}
	server := config(t, &tlsx.Config{
		Certificates: presenting(own), ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: cas(a.root),
		Peer: tlsx.Peer{Names: []string{"me.example.com"}, CRLs: []tlsx.Data{crlOf(t, a.inter), crlOf(t, a.root)}, RequireCRL: true},
	})
	for _, c := range []struct {
		cert, alert12, alert13 string
	}{
		{"", "alert number 40", "alert number 116"},       // handshake_failure, certificate_required
		{"foreign", "alert number 48", "alert number 48"}, // unknown_ca
		{"expired", "alert number 45", "alert number 45"}, // certificate_expired
		{"server", "alert number 42", "alert number 42"},  // bad_certificate
		{"named", "alert number 42", "alert number 42"},
		{"revoked", "alert number 42", "alert number 42"},
		{"good", "hello", "hello"},
	} {
		for version, want := range map[string]string{"-tls1_2": c.alert12, "-tls1_3": c.alert13} {
			t.Run(c.cert+version, func(t *testing.T) {
				args := []string{version}
				if c.cert != "" {
					args = append(args, "-cert", c.cert+".pem", "-key", c.cert+".key", "-cert_chain", c.cert+".chain")
				}
				out, err := sClientMeets(t, dir, server, args...)
				assert.Contains(t, out, want)
				assert.Equal(t, c.cert == "good", err == nil, "%v", err)
			})
		}
	}
}
