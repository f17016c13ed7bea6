package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// curlArgs makes curl speak one version to a listener and print only what it
// negotiated.
func curlArgs(p *process, version string) []string {
	args := []string{"-sS", "--max-time", "60", "-w", "%{http_version} %{http_code}"}
	if version == "HTTP/2.0" {
		return append(args, "--http2", "--cacert", p.ca)
	}
	return append(args, "--http1.1", "--cacert", p.ca)
}

// negotiated is what curl prints for a version and status 200.
func negotiated(version string) string {
	if version == "HTTP/2.0" {
		return "2 200"
	}
	return "1.1 200"
}

func TestCurl(t *testing.T) {
	curl := need(t, "curl")
	up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s host=%s for=%s proto=%s", r.Method, r.URL, r.Host,
			r.Header.Get("X-Forwarded-For"), r.Header.Get("X-Forwarded-Proto"))
	})
	p := spawn(t, front(up))
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			address := p.address(t, way.listener)
			out := filepath.Join(t.TempDir(), "out")
			cmd := exec.CommandContext(t.Context(), curl, append(curlArgs(p, way.version), "-o", out,
				// Not from the client: the gateway says who it is.
				"-H", "X-Forwarded-For: 192.0.2.1", way.scheme+"://"+address+"/a/b?c=d%2Fe")...)
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, string(said))
			assert.Equal(t, negotiated(way.version), string(said))
			body, err := os.ReadFile(out)
			require.NoError(t, err)
			assert.Equal(t, fmt.Sprintf("GET /a/b?c=d%%2Fe host=%s for=127.0.0.1 proto=%s", address, way.scheme),
				string(body))
		})
	}
}

// 64 MiB go up and come back through curl, the gateway and the built-in echo.
func TestCurlLargeBody(t *testing.T) {
	curl := need(t, "curl")
	const size = 64 << 20
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	f, err := os.Create(in)
	require.NoError(t, err)
	_, err = io.Copy(f, noise(size, 1))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	want := digest(t, noise(size, 1))
	p := spawn(t, echoConfig)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			out := filepath.Join(dir, "out")
			cmd := exec.CommandContext(t.Context(), curl, append(curlArgs(p, way.version),
				"-o", out, "-T", in, way.scheme+"://"+p.address(t, way.listener)+"/")...)
			said, err := cmd.CombinedOutput()
			require.NoError(t, err, string(said))
			assert.Equal(t, negotiated(way.version), string(said))
			f, err := os.Open(out)
			require.NoError(t, err)
			defer f.Close()
			assert.Equal(t, want, digest(t, f))
		})
	}
}

// digest returns the length and the SHA-256 of what it reads.
func digest(t *testing.T, r io.Reader) string {
	t.Helper()
	h := sha256.New()
	n, err := io.Copy(h, r)
	require.NoError(t, err)
	return fmt.Sprintf("%d bytes, %x", n, h.Sum(nil))
}

// echoConfig has a listener of each kind in front of the built-in echoes.
const echoConfig = `
upstreams:
  - {name: bytes, echo: tcp}
  - {name: requests, echo: http}
listeners:
  - {name: http, address: "127.0.0.1:0", protocol: http, routes: [{upstream: requests}]}
  - {name: https, address: "127.0.0.1:0", protocol: http, self_signed: [localhost, 127.0.0.1], routes: [{upstream: requests}]}
  - {name: tcp, address: "127.0.0.1:0", routes: [{upstream: bytes}]}
  - {name: tcp-tls, address: "127.0.0.1:0", self_signed: [localhost, 127.0.0.1], routes: [{upstream: bytes}]}
`
