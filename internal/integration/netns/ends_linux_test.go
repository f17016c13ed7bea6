package netns_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// patience is for what a busy machine does slowly.
const patience = 2 * time.Minute

// name is what the certificates of servers are for.
const name = "server.test"

// identity makes a server's certificate, and the roots for it.
func identity(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	cert, err := ca.Issue(&pki.Leaf{Names: []string{name}})
	require.NoError(t, err)
	return cert.TLS(), ca.Pool()
}

// within is a context for one thing that must not hang.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// noGoroutines checks at the end of the test that all have ended which it has started.
func noGoroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		var now int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d", now, before)
	})
}

// bindUDP opens a socket in a namespace.
func bindUDP(t *testing.T, n *lab.Namespace, address string) *net.UDPConn {
	t.Helper()
	var c *net.UDPConn
	require.NoError(t, n.Do(func() (err error) {
		a, err := net.ResolveUDPAddr("udp", address)
		if err == nil {
			c, err = net.ListenUDP("udp", a)
		}
		return err
	}))
	t.Cleanup(func() { c.Close() })
	return c
}

// testData is size bytes that compress badly, and the same each time, with their hash.
type testData struct {
	size int64
	seed uint64
}

func (d testData) reader() io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{byte(d.seed)}), d.size)
}

func (d testData) sum() [sha256.Size]byte { return sumOf(d.reader()) }

// sumOf reads everything.
func sumOf(r io.Reader) (sum [sha256.Size]byte) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return sum
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// A halfway reader waits when it has given so many bytes, until it may go on.
type halfway struct {
	io.Reader
	left    int64
	once    sync.Once
	reached chan struct{}
	goOn    chan struct{}
}

// newHalfway stops in the middle of r.
func newHalfway(r io.Reader, after int64) *halfway {
	return &halfway{Reader: r, left: after, reached: make(chan struct{}), goOn: make(chan struct{})}
}

func (h *halfway) Read(b []byte) (int, error) {
	if h.left <= 0 {
		h.once.Do(func() {
			close(h.reached)
			<-h.goOn
		})
		return h.Reader.Read(b)
	}
	n, err := h.Reader.Read(b[:min(int64(len(b)), h.left)])
	h.left -= int64(n)
	return n, err
}

// web is an HTTP/3 server at the far end, which sends what is asked for and hashes what it gets.
type web struct {
	address string
	roots   *x509.CertPool
	conns   chan *quic.Conn
}

// serveWeb serves on an address.
func serveWeb(t *testing.T, n *lab.Namespace, host string, cfg quicx.ListenConfig) *web {
	t.Helper()
	cert, roots := identity(t)
	w := &web{roots: roots, conns: make(chan *quic.Conn, 10)}
	cfg.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s, err := http3x.NewServer(&http3x.ServerConfig{
		Listen: cfg, Handler: http.HandlerFunc(serveData),
		ConnContext: func(ctx context.Context, c *quic.Conn) context.Context {
			w.conns <- c
			return ctx
		},
		OnError: func(err error) { t.Log(err) },
	})
	require.NoError(t, err)
	c := bindUDP(t, n, net.JoinHostPort(host, "0"))
	w.address = c.LocalAddr().String()
	var group sync.WaitGroup
	group.Go(func() { assert.ErrorIs(t, s.Serve(c), http.ErrServerClosed) })
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		group.Wait()
	})
	return w
}

// serveData answers GET with as many bytes as the path says, and others with the hash of their body.
func serveData(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		n, err := strconv.ParseInt(r.URL.Path[1:], 10, 64)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		_, _ = io.Copy(w, testData{size: n}.reader())
		return
	}
	sum := sumOf(r.Body)
	_, _ = w.Write(sum[:])
}

func (w *web) url(path string) string { return "https://" + w.address + "/" + path }

// dialConfig is for clients of the server.
func (w *web) dialConfig(local string) quicx.DialConfig {
	return quicx.DialConfig{LocalAddr: local, TLS: &tls.Config{RootCAs: w.roots, ServerName: name, NextProtos: []string{"h3"}}}
}

// transport returns a transport, and its conn as soon as there is one.
func (w *web) transport(t *testing.T, cfg *http3x.Config) (*http3.Transport, <-chan *quic.Conn) {
	t.Helper()
	cfg.Dial.TLS = &tls.Config{RootCAs: w.roots, ServerName: name}
	tr, err := http3x.NewTransport(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tr.Close()) })
	conns := make(chan *quic.Conn, 10)
	dial := tr.Dial
	tr.Dial = func(ctx context.Context, address string, tc *tls.Config, qc *quic.Config) (*quic.Conn, error) {
		c, err := dial(ctx, address, tc, qc)
		if err == nil {
			conns <- c
		}
		return c, err
	}
	return tr, conns
}

// download gets size bytes and returns their hash; see, when set, is between the body and the reader of it.
func download(ctx context.Context, rt http.RoundTripper, url string, see func(io.Reader) io.Reader) ([sha256.Size]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return [sha256.Size]byte{}, err
	}
	return exchange(rt, r, see)
}

// upload sends data and returns the hash that the server has of it.
func upload(ctx context.Context, rt http.RoundTripper, url string, body io.Reader) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, url, body)
	if err != nil {
		return nil, err
	}
	res, err := rt.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func exchange(rt http.RoundTripper, r *http.Request, see func(io.Reader) io.Reader) (sum [sha256.Size]byte, err error) {
	res, err := rt.RoundTrip(r)
	if err != nil {
		return sum, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return sum, errors.New(res.Status)
	}
	var body io.Reader = res.Body
	if see != nil {
		body = see(body)
	}
	h := sha256.New()
	_, err = io.Copy(h, body)
	return [sha256.Size]byte(h.Sum(nil)), err
}

// streamProtocol is what streams without HTTP are for.
const streamProtocol = "hash"

func streamTLS(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, ServerName: name, NextProtos: []string{streamProtocol}}
}

// listenShards listens at the far end with four sockets.
func listenShards(t *testing.T, l *link, cert tls.Certificate) *quicx.Listener {
	t.Helper()
	var q *quicx.Listener
	require.NoError(t, l.B.Do(func() (err error) {
		q, err = quicx.NewListener(t.Context(), &quicx.ListenConfig{
			Address: server4 + ":0", Shards: 4,
			TLS: &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{streamProtocol}},
		})
		return err
	}))
	t.Cleanup(func() {
		eventually(t, "the clients are gone", func() bool { return q.Stats().Active == 0 }) // while there is a link
		assert.NoError(t, q.Close())
	})
	return q
}
