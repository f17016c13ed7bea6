package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what takes moments.
const patience = 20 * time.Second

// need skips a test that lacks a program; where CI=true it must be there.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing", program)
	}
	t.Skipf("%s is missing", program)
	return ""
}

// settled fails the test if goroutines or descriptors are more at its end than
// now. Call it before anything else that has a cleanup.
func settled(t *testing.T) {
	t.Helper()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	t.Cleanup(func() {
		end := time.Now().Add(patience)
		for runtime.NumGoroutine() > goroutines || openFiles(t) > files {
			if time.Now().After(end) {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				t.Errorf("goroutines %d -> %d, files %d -> %d\n%s",
					goroutines, runtime.NumGoroutine(), files, openFiles(t), stacks)
				return
			}
			time.Sleep(5 * time.Millisecond)
			runtime.GC() // package internal/poll keeps pipes for splice until then
		}
	})
}

// logBuffer is a writer for a log that several goroutines write and read.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// local is a gateway in this process.
type local struct {
	*Gateway
	log logBuffer
}

// start runs a configuration in this process until the test ends.
func start(t *testing.T, config string, observe observer) *local {
	t.Helper()
	cfg, err := Load("test.yaml", []byte(config), nil)
	require.NoError(t, err)
	g := &local{}
	log := slog.New(slog.NewTextHandler(&g.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	g.Gateway, err = Start(t.Context(), cfg, log, observe)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		g.Shutdown(ctx)
		if t.Failed() {
			t.Log(g.log.String())
		}
	})
	return g
}

// address returns where a listener listens.
func (g *local) address(name string) string { return g.Addr(name).String() }

// roots returns the CA of the self-signed listeners, if there is one.
func (g *local) roots() *x509.CertPool {
	if g.CA() == nil {
		return nil
	}
	return g.CA().Pool()
}

// eventually waits until the log has a text.
func (b *logBuffer) eventually(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(b.String(), text) },
		patience, time.Millisecond, "the log has no %q:\n%v", text, b)
}

// client returns an HTTP client that speaks one version only.
func client(t *testing.T, version string, roots *x509.CertPool) *http.Client {
	t.Helper()
	var p http.Protocols
	p.SetHTTP1(version == "HTTP/1.1")
	p.SetHTTP2(version == "HTTP/2.0")
	tr := &http.Transport{Protocols: &p, TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

// dialTCP connects to a listener of the gateway.
func dialTCP(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return c.(*net.TCPConn)
}

// noise returns n bytes that do not repeat, the same for the same seed.
func noise(n int64, seed byte) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

// readAll returns all of a response and closes it.
func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

// front is the configuration of listeners for each kind of HTTP and one
// upstream; more are further keys of the upstream.
func front(upstream string, more ...string) string {
	return fmt.Sprintf(`
upstreams:
  - name: up
    address: %s
    %s
listeners:
  - {name: http, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up}]}
  - {name: https, address: "127.0.0.1:0", protocol: http, self_signed: [localhost, 127.0.0.1], routes: [{upstream: up}]}
  - {name: tcp, address: "127.0.0.1:0", routes: [{upstream: up}]}
  - {name: tcp-tls, address: "127.0.0.1:0", self_signed: [localhost, 127.0.0.1], routes: [{upstream: up}]}
`, upstream, strings.Join(more, "\n    "))
}

// ways are the ways to send a request to front.
var ways = []way{
	{"http", "http", "http", "HTTP/1.1"},
	{"https", "https", "https", "HTTP/1.1"},
	{"http2", "https", "https", "HTTP/2.0"},
}

type way struct{ name, listener, scheme, version string }

// beside runs a test for each of them, all at once: it waits for most of its time.
func beside(t *testing.T, test func(t *testing.T, way way)) {
	t.Helper()
	var all sync.WaitGroup
	for _, w := range ways {
		all.Go(func() {
			t.Run(w.name, func(t *testing.T) { test(t, w) })
		})
	}
	all.Wait()
}

// poolOf returns the certificates of a file.
func poolOf(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(file)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	return pool
}

// contextFor returns a context that a test's end does not end.
func contextFor(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// quiet returns a log that goes nowhere.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// discardLog returns the same for what logs in the old way.
func discardLog() *log.Logger { return slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) }

// heard wants a text, and lets the conn go on.
func heard(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, want, string(got))
}

// reload gives a running gateway another document.
func (g *local) reload(t *testing.T, config string) error {
	t.Helper()
	cfg, err := Load("test.yaml", []byte(config), nil)
	require.NoError(t, err)
	return g.Reload(t.Context(), cfg)
}
