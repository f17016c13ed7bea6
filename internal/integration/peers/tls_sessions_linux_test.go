package peers_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// process starts a server in a process of its own and returns its address.
func process(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(build(t, root, "./internal/integration/peers/tlsserver"), args...)
	input, err := cmd.StdinPipe()
	require.NoError(t, err)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		input.Close()
		assert.NoError(t, cmd.Wait(), complaint.String())
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

// A session that one process began is resumed by another one with its key, and
// by none without.
func TestTLSTicketsOfTwoProcesses(t *testing.T) {
	program(t, "openssl")
	a := newAuthority(t)
	_, chain, key := a.issue(t, &pki.Leaf{Names: []string{"localhost"}})
	tickets := func(name string) string {
		raw := make([]byte, 32)
		rand.Read(raw)
		return a.put(t, name, []byte(base64.StdEncoding.EncodeToString(raw)+"\n"))
	}
	shared := tickets("shared")
	one, two, other := process(t, chain, key, shared), process(t, chain, key, shared), process(t, chain, key, tickets("other"))
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		t.Run(version, func(t *testing.T) {
			session := filepath.Join(a.dir, "session"+version)
			out, words := a.openssl(t, one, version, "-sess_out", session)
			require.NotEmpty(t, words, out)
			assert.NotContains(t, words, "resumed")
			for _, address := range []string{one, two} {
				out, words = a.openssl(t, address, version, "-sess_in", session)
				assert.Contains(t, words, "resumed", out)
				assert.Contains(t, out, "Reused, ")
			}
			out, words = a.openssl(t, other, version, "-sess_in", session)
			require.NotEmpty(t, words, out)
			assert.NotContains(t, words, "resumed")
			assert.NotContains(t, out, "Reused, ")
		})
	}
}

// Tickets.Off: nothing to resume with.
func TestTLSTicketsOff(t *testing.T) {
	a := newAuthority(t)
	address := serveTLS(t, &tlsx.Config{Certificates: a.both(t), Tickets: tlsx.Tickets{Off: true}})
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		session := filepath.Join(a.dir, "session"+version)
		_, words := a.openssl(t, address, version, "-sess_out", session)
		require.NotEmpty(t, words)
		if _, err := os.Stat(session); err != nil {
			continue // openssl keeps nothing without a ticket
		}
		_, words = a.openssl(t, address, version, "-sess_in", session)
		assert.NotEmpty(t, words)
		assert.NotContains(t, words, "resumed")
	}
}

// A response that openssl made is stapled, and openssl takes it for good.
func TestTLSStaple(t *testing.T) {
	a := newAuthority(t)
	cert, chain, _ := a.issue(t, &pki.Leaf{Names: []string{"localhost"}})
	plain := serveTLS(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}})
	cert.OCSP = tlsx.OCSP{Response: tlsx.File(a.response(t, chain)), Issuer: tlsx.File(a.file)}
	stapled := serveTLS(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}})
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		out, words := a.openssl(t, stapled, version, "-status")
		require.NotEmpty(t, words, out)
		assert.Contains(t, out, "OCSP Response Status: successful")
		assert.Contains(t, out, "Cert Status: good")
		out, words = a.openssl(t, plain, version, "-status")
		require.NotEmpty(t, words, out)
		assert.Contains(t, out, "OCSP response: no response sent")
	}
}

// response has openssl say that the leaf of chain is good.
func (a *authority) response(t *testing.T, chain string) string {
	t.Helper()
	text, err := os.ReadFile(chain)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	leaf, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	serial := leaf.SerialNumber.Text(16)
	serial = strings.Repeat("0", len(serial)%2) + strings.ToUpper(serial)
	index := a.put(t, "index.txt", fmt.Appendf(nil, "V\t%s\t\t%s\tunknown\t/CN=localhost\n", leaf.NotAfter.Format("060102150405Z"), serial))
	der, err := x509.MarshalPKCS8PrivateKey(a.Signer())
	require.NoError(t, err)
	key := a.put(t, "ca.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	response := filepath.Join(a.dir, "response.der")
	run(t, 20*time.Second, "openssl", "ocsp", "-index", index, "-CA", a.file, "-rsigner", a.file, "-rkey", key, "-rmd", "sha256",
		"-issuer", a.file, "-cert", chain, "-ndays", "7", "-respout", response)
	return response
}

// Keys and PFX files that openssl made and encrypted serve.
func TestTLSEncryptedKeys(t *testing.T) {
	a := newAuthority(t)
	_, chain, key := a.issue(t, &pki.Leaf{Names: []string{"localhost"}})
	locked, pfx := filepath.Join(a.dir, "locked.key"), filepath.Join(a.dir, "server.p12")
	run(t, 20*time.Second, "openssl", "pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "pass:secret")
	run(t, 20*time.Second, "openssl", "pkcs12", "-export", "-inkey", key, "-in", chain, "-out", pfx, "-passout", "pass:secret")
	for name, cert := range map[string]tlsx.Certificate{
		"PKCS#8":  {Chain: tlsx.File(chain), Key: tlsx.File(locked), Password: tlsx.Text("secret")},
		"PKCS#12": {PKCS12: tlsx.File(pfx), Password: tlsx.Text("secret")},
	} {
		t.Run(name, func(t *testing.T) {
			out, words := a.openssl(t, serveTLS(t, &tlsx.Config{Certificates: []tlsx.Certificate{cert}}))
			assert.NotEmpty(t, words, out)
		})
	}
}

// The certificate is the one of the name that is asked for; strict servers refuse
// others.
func TestTLSNames(t *testing.T) {
	a := newAuthority(t)
	one, _, _ := a.issue(t, &pki.Leaf{Names: []string{"one.test"}})
	two, _, _ := a.issue(t, &pki.Leaf{Names: []string{"*.two.test"}})
	cfg := &tlsx.Config{Certificates: []tlsx.Certificate{one, two}}
	lenient := serveTLS(t, cfg)
	strict := *cfg
	strict.UnknownName = tlsx.RefuseUnknown
	for name, test := range map[string]struct {
		args    []string
		subject string
		known   bool
	}{
		"exact":    {[]string{"-servername", "one.test"}, "one.test", true},
		"case":     {[]string{"-servername", "ONE.test"}, "one.test", true},
		"wildcard": {[]string{"-servername", "a.two.test"}, "*.two.test", true},
		"deeper":   {[]string{"-servername", "a.b.two.test"}, "one.test", false},
		"unknown":  {[]string{"-servername", "three.test"}, "one.test", false},
		"none":     {[]string{"-noservername"}, "one.test", false},
	} {
		t.Run(name, func(t *testing.T) {
			out, words := a.openssl(t, lenient, test.args...)
			require.NotEmpty(t, words, out)
			assert.Contains(t, out, "subject=CN = "+test.subject+"\n")
			out, words = a.openssl(t, serveTLS(t, &strict), test.args...)
			if test.known {
				assert.NotEmpty(t, words, out)
				return
			}
			assert.Empty(t, words)
			assert.Contains(t, out, "SSL alert number 112\n", "unrecognized_name")
		})
	}
}

// A client's certificate is looked at as configured, and refused with the alert
// that says why.
func TestTLSClientCertificates(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	leaf := func(a *authority, l *pki.Leaf) []string {
		l.Names, l.Client = []string{"spiffe://example.org/client"}, true
		c, err := a.Issue(l)
		require.NoError(t, err)
		chain, key, err := c.Write(a.dir, c.Leaf().SerialNumber.Text(16))
		require.NoError(t, err)
		if l.CRLServer != "" { // the mark of the one to revoke
			a.Revoke(c)
		}
		return []string{"-cert", chain, "-key", key}
	}
	good := leaf(a, &pki.Leaf{})
	expired := leaf(a, &pki.Leaf{NotAfter: time.Now().Add(-time.Hour)})
	revoked := leaf(a, &pki.Leaf{CRLServer: "http://crl.test/"})
	unknown := leaf(foreign, &pki.Leaf{})
	list, err := a.CRL()
	require.NoError(t, err)
	address := serveTLS(t, &tlsx.Config{
		Certificates: a.both(t), ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: tlsx.CAs{From: []tlsx.Data{tlsx.File(a.file)}},
		Peer:      tlsx.Peer{CRLs: []tlsx.Data{tlsx.Text(string(list))}},
	})
	for name, test := range map[string]struct {
		args       []string
		alert, old int // RFC 8446, section 6; old: with TLS 1.2
	}{
		"good":    {good, 0, 0},
		"absent":  {nil, 116, 40},
		"foreign": {unknown, 48, 48},
		"expired": {expired, 45, 45},
		"revoked": {revoked, 42, 42},
	} {
		t.Run(name, func(t *testing.T) {
			for version, alert := range map[string]int{"-tls1_3": test.alert, "-tls1_2": test.old} {
				out, words := a.openssl(t, address, append(test.args, version)...)
				if alert == 0 {
					assert.Contains(t, words, `peer="spiffe://example.org/client"`, out)
					continue
				}
				assert.Empty(t, words, version)
				assert.Contains(t, out, fmt.Sprintf("SSL alert number %d\n", alert), version)
			}
		})
	}
}
