package tunnel_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx/tun"
)

// serveWeb serves a file of random bytes, and answers an upload with its hash.
func serveWeb(t *testing.T, at netip.Addr, content []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(at, 0).String())
	require.NoError(t, err)
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = w.Write(content)
			return
		}
		h := sha256.New()
		if _, err := io.Copy(h, r.Body); err == nil {
			_, _ = io.WriteString(w, hex.EncodeToString(h.Sum(nil)))
		}
	})}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		assert.ErrorIs(t, <-done, http.ErrServerClosed)
	})
	return "http://" + l.Addr().String() + "/"
}

var devices = map[string]tun.Config{
	"with offload": {}, "without": {NoOffload: true}, "two queues": {Queues: 2}, "MTU 1280": {MTU: 1280}, "MTU 9000": {MTU: 9000},
}

// curl moves files both ways unharmed, over both families and devices of every kind.
func TestCurl(t *testing.T) {
	content := make([]byte, 4<<20)
	_, _ = rand.Read(content)
	sum := sha256.Sum256(content)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	for name, device := range devices {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, device, forward.Config{}, nil, "curl")
			for _, server := range servers {
				url := serveWeb(t, server, content)
				got := filepath.Join(t.TempDir(), "got")
				w.must("curl", "-sS", "-o", got, url)
				b, err := os.ReadFile(got)
				require.NoError(t, err)
				assert.Equal(t, sum, sha256.Sum256(b))
				assert.Equal(t, hex.EncodeToString(sum[:]), w.must("curl", "-sS", "-T", file, url))
			}
		})
	}
}

// A server that does not listen refuses, as it would without a tunnel: curl knows at once.
func TestCurlRefused(t *testing.T) {
	w := newWorld(t, tun.Config{}, forward.Config{}, nil, "curl")
	for _, server := range servers {
		status, out := w.run("curl", "-sS", "--max-time", strconv.Itoa(int(patience.Seconds())), "http://"+netip.AddrPortFrom(server, 1).String())
		assert.Equal(t, 7, status, "could not connect")
		assert.Regexp(t, `Connection refused|Couldn't connect|Failed to connect`, out)
	}
}

// Pings are answered or not, by choice.
func TestPing(t *testing.T) {
	for _, c := range []struct {
		echo   forward.Echo
		status int
	}{{forward.EchoAnswer, 0}, {forward.EchoDrop, 1}} {
		w := newWorld(t, tun.Config{}, forward.Config{Echo: c.echo}, nil, "ping")
		for _, server := range servers {
			args := []string{"-c", "1", "-W", "1", server.String()}
			if c.status == 0 {
				args = []string{"-c", "3", "-i", "0.01", "-W", "20", "-s", "4000", server.String()} // in fragments
			}
			status, out := w.run("ping", args...)
			assert.Equal(t, c.status, status, out)
		}
	}
}
