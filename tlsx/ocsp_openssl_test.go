package tlsx_test

import (
	"bufio"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// needOpenSSL skips without the program.
func needOpenSSL(t *testing.T) {
	t.Helper()
	openssl(t, t.TempDir(), "version")
}

// opensslResponder answers for what is in the index of dir, and returns its URL.
// Its signer is a certificate of dir, with the CA's own.
func opensslResponder(t *testing.T, dir, signer string) string {
	t.Helper()
	needOpenSSL(t)
	p := exec.Command("openssl", "ocsp", "-port", "0", "-index", "index.txt", "-CA", "ca.pem",
		"-rsigner", signer+".pem", "-rkey", signer+".key", "-nmin", "60")
	p.Dir = dir
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		p.Process.Kill()
		p.Wait()
	})
	port := regexp.MustCompile(`^ACCEPT .*:(\d+) PID=`)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if found := port.FindStringSubmatch(lines.Text()); found != nil {
			return "http://127.0.0.1:" + found[1]
		}
	}
	t.Fatal("openssl ocsp did not say its port")
	return ""
}

// writeCA writes a CA and its delegate for OCSP to dir.
func writeCA(t *testing.T, dir string, ca *pki.CA) {
	t.Helper()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	delegate := special(t, ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning} })
	write("ca.pem", certPEM(ca.Certificate().Raw))
	write("ca.key", keyPEM(t, ca.Signer()))
	write("delegate.pem", certPEM(delegate.Certificate[0]))
	write("delegate.key", keyPEM(t, delegate.PrivateKey))
}

// writeIndex writes what the responder knows: V is a valid certificate, R a revoked one.
func writeIndex(t *testing.T, dir string, status string, leafs ...*pki.Certificate) {
	t.Helper()
	var text strings.Builder
	for _, c := range leafs {
		revoked := ""
		if status == "R" {
			revoked = time.Now().Add(-time.Minute).UTC().Format("060102150405Z") + ",keyCompromise"
		}
		serial := fmt.Sprintf("%X", c.Leaf().SerialNumber)
		if len(serial)%2 == 1 {
			serial = "0" + serial
		}
		fmt.Fprintf(&text, "%s\t%s\t%s\t%s\tunknown\t/CN=a\n", status, c.Leaf().NotAfter.UTC().Format("060102150405Z"), revoked, serial)
	}
	// Another file: the responder sees a change in the same one only if it is in another second.
	replaceFile(t, filepath.Join(dir, "index.txt"), []byte(text.String()), 0o600)
}

// TestFetchFromOpenSSL has the responses of a real responder, by the CA itself
// and by a delegate, seen by a real client.
func TestFetchFromOpenSSL(t *testing.T) {
	needOpenSSL(t)
	for _, signer := range []string{"ca", "delegate"} {
		t.Run(signer, func(t *testing.T) {
			dir := t.TempDir()
			a := newAuthorities(t)
			writeCA(t, dir, a.inter)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "root.pem"), a.root.PEM(), 0o600))
			// The responder is there before its certificate: it reads a new index when it is asked.
			writeIndex(t, dir, "V")
			url := opensslResponder(t, dir, signer)
			leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}, OCSPServer: url, MustStaple: true})
			writeIndex(t, dir, "V", leaf)
			source := fetching(t, leaf)
			var out string
			eventually(t, "a staple", func() bool {
				out = sClientOf(t, dir, source, "-status", "-CAfile", "root.pem", "-verify_return_error")
				return strings.Contains(out, "OCSP Response Status: successful")
			})
			assert.Contains(t, out, "Cert Status: good")
			assert.Contains(t, out, "Verify return code: 0 (ok)")
			assert.NoError(t, source.Err())
			// And by ours, which the certificate's promise obliges.
			client := config(t, &tlsx.Config{ServerName: "a.example.com", Roots: cas(a.root), Peer: tlsx.Peer{RequireStaple: true}})
			meet(t, client, source.Config()).pass(t)
		})
	}
}

// TestFetchRevokedFromOpenSSL is told that the certificate is revoked, and
// staples nothing.
func TestFetchRevokedFromOpenSSL(t *testing.T) {
	needOpenSSL(t)
	dir := t.TempDir()
	a := newAuthorities(t)
	writeCA(t, dir, a.inter)
	writeIndex(t, dir, "V")
	url := opensslResponder(t, dir, "ca")
	leaf := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}, OCSPServer: url})
	unknown := certFor(t, a.inter, &pki.Leaf{Names: []string{"a.example.com"}, OCSPServer: url})
	writeIndex(t, dir, "R", leaf)
	for c, want := range map[*pki.Certificate]string{leaf: "was revoked by", unknown: "does not know the certificate"} {
		said := make(chan error, 16)
		cfg := fetchingConfig(c)
		cfg.Reload.OnReload = func(e tlsx.Event) {
			if e.Err != nil {
				said <- e.Err
			}
		}
		source, err := tlsx.NewSource(t.Context(), cfg)
		require.NoError(t, err)
		select {
		case err := <-said:
			assert.ErrorContains(t, err, want)
		case <-time.After(patience):
			t.Error("nothing was said")
		}
		assert.Contains(t, sClientOf(t, dir, source, "-status"), "OCSP response: no response sent")
		require.NoError(t, source.Close())
	}
}

func fetchingConfig(leaf *pki.Certificate) *tlsx.Config {
	cfg := &tlsx.Config{Certificates: presenting(leaf)}
	cfg.Certificates[0].OCSP.Fetch = true
	return cfg
}

func fetching(t *testing.T, leaf *pki.Certificate) *tlsx.Source {
	t.Helper()
	source, err := tlsx.NewSource(t.Context(), fetchingConfig(leaf))
	require.NoError(t, err)
	t.Cleanup(func() { source.Close() })
	return source
}

// sClientOf connects openssl's client to a server, and returns all that it said.
func sClientOf(t *testing.T, dir string, source *tlsx.Source, args ...string) string {
	t.Helper()
	out, _ := sClientMeets(t, dir, source.Config(), args...)
	return out
}
