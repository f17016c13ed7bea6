package peers_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secure is the URL of the listener with TLS: by name, since its certificate is
// for localhost.
func (g *gateway) secure(t *testing.T, path string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(g.address(t, "tls"))
	require.NoError(t, err)
	return "https://localhost:" + port + path
}

func (g *gateway) clear(t *testing.T, path string) string {
	t.Helper()
	return "http://" + g.address(t, "clear") + path
}

// file writes n pseudo-random bytes and returns their file and SHA-256.
func file(t *testing.T, n int) (name, sum string) {
	t.Helper()
	content := make([]byte, n)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	name = filepath.Join(t.TempDir(), "upload")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	h := sha256.Sum256(content)
	return name, hex.EncodeToString(h[:])
}

// TestCurl loads and uploads over every version of HTTP that curl can force.
func TestCurl(t *testing.T) {
	g := start(t, front(origin(t)))
	upload, want := file(t, 20<<20)
	for name, test := range map[string]struct {
		url, protocol string
		args          []string
	}{
		"HTTP/1.1":                  {g.clear(t, ""), "1.1", []string{"--http1.1"}},
		"HTTP/1.0":                  {g.clear(t, ""), "1.0", []string{"--http1.0"}},
		"HTTP/2 by prior knowledge": {g.clear(t, ""), "2", []string{"--http2-prior-knowledge"}},
		"HTTP/1.1 over TLS":         {g.secure(t, ""), "1.1", []string{"--http1.1"}},
		"HTTP/2 over TLS":           {g.secure(t, ""), "2", []string{"--http2"}},
		"TLS 1.2":                   {g.secure(t, ""), "2", []string{"--tls-max", "1.2"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"-sS", "--fail", "--cacert", g.ca, "-w", "\n%{http_version} %{num_connects}"}, test.args...)
			if name == "HTTP/1.0" { // has no chunks
				out := run(t, time.Minute, "curl", append(args, test.url+"/bytes/100")...)
				assert.Regexp(t, `^0{100}\n1(\.0)? 1$`, out)
				return
			}
			out := run(t, time.Minute, "curl", append(args, "--data-binary", "@"+upload, test.url+"/sum")...)
			assert.Equal(t, want+"\n"+test.protocol+" 1", out)

			out = run(t, time.Minute, "curl", append(args, "-o", os.DevNull, "-w", "%{size_download} %{http_version}", test.url+"/bytes/50000000")...)
			assert.Equal(t, "50000000 "+test.protocol, out)
		})
	}
}

// TestNghttp loads twenty pages at once over one conn and uploads a file.
func TestNghttp(t *testing.T) {
	g := start(t, front(origin(t)))
	upload, want := file(t, 3<<20)
	for _, base := range []string{g.secure(t, ""), g.clear(t, "")} {
		// -y: no check of the certificate, which nghttp cannot be given a CA for.
		urls := []string{"-n", "-s", "-y"}
		for i := range 20 {
			urls = append(urls, base+"/bytes/"+strconv.Itoa(1000+i))
		}
		out := run(t, time.Minute, "nghttp", urls...)
		assert.Len(t, regexp.MustCompile(`(?m) 200 +\S+ /bytes/\d+$`).FindAllString(out, -1), 20, "%s", out)

		out = run(t, time.Minute, "nghttp", "-y", "-d", upload, base+"/sum")
		assert.Equal(t, want, strings.TrimSpace(out))
	}
}

// load runs h2load and returns how many requests it did and how many of them
// succeeded.
func load(t *testing.T, args ...string) (done, succeeded int, out string) {
	t.Helper()
	out = run(t, 5*time.Minute, "h2load", args...)
	found := regexp.MustCompile(`requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, \d+ failed, \d+ errored`).FindStringSubmatch(out)
	require.NotNil(t, found, "%s", out)
	done, _ = strconv.Atoi(found[1])
	succeeded, _ = strconv.Atoi(found[2])
	return done, succeeded, out
}

// TestH2load sends 10,000 requests with 100 streams at a time over one conn,
// and with several conns over each version.
func TestH2load(t *testing.T) {
	g := start(t, front(origin(t)))
	for name, args := range map[string][]string{
		"HTTP/2, one conn":     {"-c1", "-m100", g.secure(t, "/bytes/100")},
		"HTTP/2, ten conns":    {"-c10", "-m10", g.secure(t, "/bytes/100")},
		"h2c, one conn":        {"-c1", "-m100", g.clear(t, "/bytes/100")},
		"HTTP/1.1 over TLS":    {"-c10", "--h1", g.secure(t, "/bytes/100")},
		"HTTP/1.1 without TLS": {"-c10", "--h1", g.clear(t, "/bytes/100")},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 10000
			done, succeeded, out := load(t, append([]string{fmt.Sprintf("-n%d", n)}, args...)...)
			assert.Equal(t, n, done, "%s", out)
			assert.Equal(t, n, succeeded, "%s", out)
		})
	}
}
