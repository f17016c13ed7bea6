package peers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// http3Front has a listener for HTTP/3 that takes 0-RTT, and one that makes each
// client prove its address, before one origin.
func http3Front(o *httptest.Server) string {
	return fmt.Sprintf(`
drain: 5s
upstreams:
  - {name: origin, address: "tcp://%s"}
listeners:
  - name: h3
    address: tcp://127.0.0.1:0
    protocol: http3
    self_signed: [localhost, 127.0.0.1]
    quic: {early: true}
    routes: [{upstream: origin}]
  - name: retry
    address: tcp://127.0.0.1:0
    protocol: http3
    self_signed: [localhost, 127.0.0.1]
    quic: {retry: always}
    routes: [{upstream: origin}]
`, strings.TrimPrefix(o.URL, "http://"))
}

// ngtcp2 downloads from a listener of the gateway with ngtcp2's client and returns
// what it has logged. The client verifies no certificate.
func (g *gateway) ngtcp2(t *testing.T, listener, path string, args ...string) (string, error) {
	t.Helper()
	host, port, err := net.SplitHostPort(g.address(t, listener))
	require.NoError(t, err)
	args = append([]string{"--no-quic-dump", "--no-http-dump", "--exit-on-all-streams-close"}, args...)
	return try(t, 2*time.Minute, "gtlsclient", append(args, host, port, "https://localhost:"+port+path)...)
}

// download wants 64 MiB of zeros to come whole.
func (g *gateway) download(t *testing.T, args ...string) string {
	t.Helper()
	const size = 64 << 20
	dir := t.TempDir()
	out, err := g.ngtcp2(t, "h3", fmt.Sprintf("/bytes/%d", size), append(args, "--download="+dir)...)
	require.NoError(t, err, tail(out))
	f, err := os.Open(filepath.Join(dir, fmt.Sprint(size)))
	require.NoError(t, err, tail(out))
	defer f.Close()
	got, want := sha256.New(), sha256.New()
	n, err := io.Copy(got, f)
	require.NoError(t, err)
	assert.EqualValues(t, size, n)
	_, err = io.CopyN(want, zeros{}, size)
	require.NoError(t, err)
	assert.Equal(t, hex.EncodeToString(want.Sum(nil)), hex.EncodeToString(got.Sum(nil)))
	return out
}

// tail returns the end of a long log.
func tail(s string) string { return s[max(0, len(s)-4000):] }

func TestNgtcp2Download(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	for name, args := range map[string][]string{
		"plain": {"--quiet"},
		"lossy": {"--quiet", "--tx-loss=0.01", "--rx-loss=0.01"},
		"bbr":   {"--quiet", "--cc=bbr"},
		"small": {"--quiet", "--no-pmtud", "--max-udp-payload-size=1200"},
	} {
		t.Run(name, func(t *testing.T) { g.download(t, args...) })
	}
}

// A client that changes its address in the middle of a download goes on.
func TestNgtcp2Migrates(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	out := g.download(t, "--change-local-addr=50ms")
	assert.Contains(t, out, "Changing local address")
	assert.Contains(t, out, "PATH_RESPONSE")
}

func TestNgtcp2UpdatesKeys(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	out := g.download(t, "--key-update=300ms")
	_, after, found := strings.Cut(out, "Initiate key update")
	require.True(t, found, tail(out))
	assert.Contains(t, after, "key update confirmed")
}

// The client asks for a version that does not exist, and is told those that do.
func TestNgtcp2NegotiatesVersion(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	out, err := g.ngtcp2(t, "h3", "/bytes/1", "--version=0x1a2a3a4a")
	require.NoError(t, err, "this client does not try again, and calls that an end")
	assert.Regexp(t, `(?m)pkt rx .*type=VN`, out)
	assert.Regexp(t, `(?m)pkt rx .*v=0x00000001`, out)
	assert.Contains(t, out, "ERR_RECV_VERSION_NEGOTIATION")
}

func TestNgtcp2Retry(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	out, err := g.ngtcp2(t, "retry", "/bytes/1")
	require.NoError(t, err, tail(out))
	assert.Regexp(t, `(?m)pkt rx .*type=Retry`, out)
	assert.Regexp(t, `(?m)\[:status: 200\]`, out)
	out, err = g.ngtcp2(t, "h3", "/bytes/1")
	require.NoError(t, err, tail(out))
	assert.NotRegexp(t, `(?m)pkt rx .*type=Retry`, out)
}

// The second conn's request goes along with its first packet.
func TestNgtcp2EarlyData(t *testing.T) {
	g := start(t, http3Front(origin(t)))
	dir := t.TempDir()
	args := []string{"--session-file=" + filepath.Join(dir, "session"), "--tp-file=" + filepath.Join(dir, "parameters")}
	out, err := g.ngtcp2(t, "h3", "/bytes/1", args...)
	require.NoError(t, err, tail(out))
	assert.NotRegexp(t, `(?m)frm tx .*0RTT STREAM`, out)
	out, err = g.ngtcp2(t, "h3", "/bytes/1", args...)
	require.NoError(t, err, tail(out))
	assert.Regexp(t, `(?m)frm tx .*0RTT STREAM\(0x0b\) id=0x0 fin=1`, out)
	assert.NotContains(t, out, "rejected")
	assert.Regexp(t, `(?m)\[:status: 200\]`, out)
}
