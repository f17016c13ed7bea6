package peers_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// authority is a CA with its file.
type authority struct {
	*pki.CA

	dir, file string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	a := &authority{CA: ca, dir: t.TempDir()}
	a.file = a.put(t, "ca.pem", ca.PEM())
	return a
}

// put writes a file beside the CA's.
func (a *authority) put(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(a.dir, name)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// issue returns a certificate for a Config and its files.
func (a *authority) issue(t *testing.T, l *pki.Leaf) (cert tlsx.Certificate, chain, key string) {
	t.Helper()
	c, err := a.Issue(l)
	require.NoError(t, err)
	chain, key, err = c.Write(a.dir, fmt.Sprintf("%s-%s", c.Leaf().SerialNumber.Text(16), l.Key))
	require.NoError(t, err)
	return tlsx.Certificate{Chain: tlsx.File(chain), Key: tlsx.File(key)}, chain, key
}

// both are certificates for localhost with either kind of key.
func (a *authority) both(t *testing.T) []tlsx.Certificate {
	t.Helper()
	ecdsa, _, _ := a.issue(t, &pki.Leaf{Names: []string{"localhost"}})
	rsa, _, _ := a.issue(t, &pki.Leaf{Names: []string{"localhost"}, Key: pki.RSA2048})
	return []tlsx.Certificate{ecdsa, rsa}
}

// serveTLS tells every client what was agreed on, until the test ends.
func serveTLS(t *testing.T, cfg *tlsx.Config) string {
	t.Helper()
	config, err := tlsx.New(cfg)
	require.NoError(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			wg.Go(func() { greet(c.(*tls.Conn)) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func greet(c *tls.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if c.Handshake() == nil {
		fmt.Fprintf(c, "agreed: %s\n", tlsx.Describe(c.ConnectionState()))
	}
}

// Not at the start of a line: openssl prints tickets and data side by side.
var agreed = regexp.MustCompile(`agreed: (.*)`)

// openssl connects to a server and returns what it printed and, if both agreed,
// on what: the server's words, which come last.
func (a *authority) openssl(t *testing.T, address string, args ...string) (out, words string) {
	t.Helper()
	args = append([]string{"s_client", "-connect", address, "-CAfile", a.file, "-verify_return_error", "-ign_eof"}, args...)
	out, err := try(t, 20*time.Second, "openssl", args...)
	if m := agreed.FindStringSubmatch(out); m != nil {
		words = m[1]
	}
	if err == nil {
		assert.NotEmpty(t, words, "openssl %q:\n%s", args, out)
	}
	return out, words
}

// gnutls does the same with gnutls-cli and a priority string.
func (a *authority) gnutls(t *testing.T, address, priority string) (out, words string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	args := []string{"--x509cafile=" + a.file, "--sni-hostname=localhost", "--verify-hostname=localhost", "--port=" + port, "--priority=" + priority, host}
	out, err = try(t, 20*time.Second, "gnutls-cli", args...)
	if m := agreed.FindStringSubmatch(out); m != nil {
		words = m[1]
	}
	assert.NotContains(t, out, "Error in priority", "the test's own")
	if err == nil {
		assert.NotEmpty(t, words, "gnutls-cli %q:\n%s", args, out)
	}
	return out, words
}

// offer is one thing that a client has alone.
type offer struct {
	name, words string // words is what the server says of it
	args        []string
}

// check makes each offer and compares what was agreed on.
func (a *authority) check(t *testing.T, address string, offers []offer, taken func(offer) bool) {
	t.Helper()
	refused, accepted := 0, 0
	for _, o := range offers {
		out, words := a.openssl(t, address, append(o.args, "-servername", "localhost")...)
		if taken(o) {
			accepted++
			assert.Contains(t, strings.Fields(words), o.words, "%s is configured:\n%s", o.name, out)
			continue
		}
		refused++
		assert.Empty(t, words, "%s is not configured", o.name)
		assert.Contains(t, out, "alert", "%s is refused by the server:\n%s", o.name, out)
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
}
