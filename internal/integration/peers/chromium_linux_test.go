package peers_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestChromium loads a page whose script writes down by which protocol it came.
// The browser takes the gateway's certificate by its key alone: it has no option
// for a CA.
func TestChromium(t *testing.T) {
	g := start(t, front(origin(t)))
	dom := chromium(t, g, "tls", g.secure(t, "/"))
	assert.Contains(t, dom, "protocol=h2")
	assert.Contains(t, dom, `<p id="scheme">https</p>`)
}

// TestChromiumHTTP3 loads a page with 50 scripts, all of them over HTTP/3.
func TestChromiumHTTP3(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	_, port, err := net.SplitHostPort(g.address(t, "h3"))
	require.NoError(t, err)
	origin := "localhost:" + port
	dom := chromium(t, g, "h3", "https://"+origin+"/many/50", "--enable-quic", "--origin-to-force-quic-on="+origin,
		"--host-resolver-rules=MAP localhost 127.0.0.1") // it would race ::1 over TCP, but not over QUIC
	assert.Regexp(t, `loaded=50 protocols=\{"h3":5\d\}`, dom)
	assert.GreaterOrEqual(t, strings.Count(g.log.String(), "protocol=HTTP/3.0"), 51)
}

// chromium returns the page as it is when its scripts have run.
func chromium(t *testing.T, g *gateway, listener, url string, args ...string) string {
	t.Helper()
	c, err := tls.Dial("tcp", g.address(t, listener), &tls.Config{InsecureSkipVerify: true})
	require.NoError(t, err)
	key := sha256.Sum256(c.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	require.NoError(t, c.Close())
	args = append(args, "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server",
		"--disable-background-networking", "--no-first-run", "--user-data-dir="+t.TempDir(),
		"--ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(key[:]),
		"--virtual-time-budget=5000", "--dump-dom", url)
	out := run(t, 2*time.Minute, "chromium", args...)
	return out[max(0, strings.Index(out, "<!DOCTYPE html>")):]
}
