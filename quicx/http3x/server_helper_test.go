package http3x_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// running is a Server under test.
type running struct {
	*http3x.Server

	udp    *net.UDPConn
	addr   string
	errors *faults
	served chan error
}

// url returns that of a path.
func (r *running) url(path string) string { return "https://" + r.addr + path }

// serverTLS returns TLS for the names.
func serverTLS(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	if len(names) == 0 {
		names = []string{"127.0.0.1"}
	}
	return &tls.Config{Certificates: []tls.Certificate{issue(t, &pki.Leaf{Names: names, Server: true}).TLS()}}
}

// listenUDP opens a socket of loopback.
func listenUDP(t *testing.T, address string) *net.UDPConn {
	t.Helper()
	pc, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	t.Cleanup(func() { pc.Close() })
	return pc.(*net.UDPConn)
}

// serve runs a server until the test ends.
func serve(t *testing.T, h http.HandlerFunc, change func(*http3x.ServerConfig)) *running {
	t.Helper()
	return serveOn(t, listenUDP(t, "127.0.0.1:0"), h, change)
}

// serveOn is serve on an open socket.
func serveOn(t *testing.T, udp *net.UDPConn, h http.HandlerFunc, change func(*http3x.ServerConfig)) *running {
	t.Helper()
	r := &running{udp: udp, addr: udp.LocalAddr().String(), errors: new(faults), served: make(chan error, 1)}
	cfg := &http3x.ServerConfig{Handler: h, OnError: r.errors.add}
	cfg.Listen.TLS = serverTLS(t)
	if change != nil {
		change(cfg)
	}
	var err error
	r.Server, err = http3x.NewServer(cfg)
	require.NoError(t, err)
	go func() { r.served <- r.Serve(udp) }()
	t.Cleanup(func() {
		assert.NoError(t, r.Close())
		assert.ErrorIs(t, <-r.served, http.ErrServerClosed)
	})
	return r
}

// transport returns a client that is closed with the test. It waits longer for a server than a transport does by itself,
// because a machine that is busy may take its time.
func transport(t *testing.T, change func(*http3x.Config)) *http3.Transport {
	t.Helper()
	cfg := &http3x.Config{}
	cfg.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	cfg.Dial.QUIC = &quic.Config{HandshakeIdleTimeout: 30 * time.Second}
	if change != nil {
		change(cfg)
	}
	rt, err := http3x.NewTransport(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, rt.Close()) })
	return rt
}

// request makes one that has to be possible.
func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	return req
}

// fetch returns status and body as text, or the error. It is for goroutines too.
func fetch(t *testing.T, rt http.RoundTripper, method, url, body string) string {
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	return do(rt, req)
}

// do is fetch for a request.
func do(rt http.RoundTripper, req *http.Request) string {
	res, err := rt.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", res.StatusCode, text)
}

// echo answers with what came.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, "%s %s %s", r.Method, r.Host, body)
}

// faults collects what a server reports.
type faults struct {
	mu  sync.Mutex
	all []error
}

func (f *faults) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, err)
}

// text returns all as one.
func (f *faults) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return fmt.Sprint(errors.Join(f.all...))
}

// within requires that something arrives soon.
func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(time.Minute):
		require.Fail(t, "never: "+what)
		panic("unreachable")
	}
}
