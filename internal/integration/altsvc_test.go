package integration_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// altOrigin serves "origin.test" by HTTP/2, and by HTTP/3 at the end of a path, and
// returns a client that knows it by that name only.
func altOrigin(t *testing.T, headStart, broken time.Duration) (*httpx.AltSvc, *path) {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"origin.test"}, Server: true})
	require.NoError(t, err)

	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	p := newPath(t, udp.LocalAddr())
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", `h3="`+p.front.LocalAddr().String()+`"; ma=3600`)
		io.Copy(w, r.Body)
		io.WriteString(w, r.Proto+" "+r.Host)
	})
	tcp := serveBoth(t, handler, udp, cert.TLS())
	return altClient(t, ca, tcp.String(), headStart, broken), p
}

// serveBoth returns the address of HTTP/2.
func serveBoth(t *testing.T, handler http.Handler, udp net.PacketConn, cert tls.Certificate) net.Addr {
	t.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	h3cfg := &http3x.ServerConfig{Handler: handler}
	h3cfg.Listen.TLS = config
	h3, err := http3x.NewServer(h3cfg)
	require.NoError(t, err)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h2 := &http.Server{Handler: handler, TLSConfig: config.Clone(), ReadHeaderTimeout: time.Minute}
	var group sync.WaitGroup
	group.Go(func() { assert.ErrorIs(t, h3.Serve(udp), http.ErrServerClosed) })
	group.Go(func() { assert.ErrorIs(t, h2.ServeTLS(tcp, "", ""), http.ErrServerClosed) })
	t.Cleanup(func() {
		assert.NoError(t, h3.Close())
		assert.NoError(t, h2.Close())
		assert.NoError(t, udp.Close())
		group.Wait()
	})
	return tcp.Addr()
}

func altClient(t *testing.T, ca *pki.CA, tcp string, headStart, broken time.Duration) *httpx.AltSvc {
	t.Helper()
	next := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: ca.Pool()},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, tcp)
		},
	}
	cfg := &http3x.Config{Address: alternative}
	cfg.Dial.TLS, cfg.Dial.QUIC = &tls.Config{RootCAs: ca.Pool()}, &quic.Config{HandshakeIdleTimeout: notice}
	h3, err := http3x.NewTransport(cfg)
	require.NoError(t, err)
	rt, err := httpx.NewAltSvc(next, &httpx.AltSvcConfig{
		HTTP3: h3, DialsAlternative: true, HeadStart: headStart, Broken: broken, MaxBroken: broken,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		rt.CloseIdleConnections()
		assert.NoError(t, h3.Close())
	})
	return rt
}

// alternative is the joint of http3x and httpx.
func alternative(ctx context.Context, _ string) string {
	address, _ := httpx.AltSvcAddress(ctx)
	return address
}

// ask sends a request and returns the answer and how long it took.
func ask(t *testing.T, rt http.RoundTripper, method string) (string, time.Duration) {
	t.Helper()
	start := time.Now()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://origin.test/", strings.NewReader("body "))
	require.NoError(t, err)
	resp, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body), time.Since(start)
}

const (
	byTCP  = "body HTTP/2.0 origin.test"
	byQUIC = "body HTTP/3.0 origin.test"
	// notice is how long the transport itself takes at least to notice that nothing comes back: longer than a request on
	// a machine that is busy.
	notice = 20 * time.Second
)

// TestAltSvc goes from HTTP/2 to HTTP/3 at another address, whose certificate is for the origin's name.
func TestAltSvc(t *testing.T) {
	noGoroutines(t)
	rt, _ := altOrigin(t, notice, time.Minute)
	for i, want := range []string{byTCP, byQUIC, byQUIC} {
		got, _ := ask(t, rt, http.MethodPut)
		assert.Equal(t, want, got, i)
	}
	got, _ := ask(t, rt, http.MethodPost)
	assert.Equal(t, byQUIC, got, "proven a moment ago")
	assert.EqualValues(t, 3, rt.Stats().HTTP3)
}

// TestAltSvcBlackHole has UDP that is swallowed from the start: one request waits for the head start, no other for anything.
func TestAltSvcBlackHole(t *testing.T) {
	noGoroutines(t)
	const headStart = 200 * time.Millisecond
	rt, p := altOrigin(t, headStart, time.Hour)
	p.black.Store(true)
	ask(t, rt, http.MethodPut)
	got, took := ask(t, rt, http.MethodPut)
	assert.Equal(t, byTCP, got)
	assert.GreaterOrEqual(t, took, headStart)
	assert.Less(t, took, notice-headStart)
	assert.Positive(t, p.lost.Load(), "it was tried")
	for range 20 {
		got, took = ask(t, rt, http.MethodPut)
		assert.Equal(t, byTCP, got)
		assert.Less(t, took, notice-headStart)
	}
	assert.EqualValues(t, 1, rt.Stats().Raced, "nobody else waits")
}

// TestAltSvcPathDies swallows UDP while HTTP/3 is in use, and gives it back.
func TestAltSvcPathDies(t *testing.T) {
	noGoroutines(t)
	const headStart = 300 * time.Millisecond
	rt, p := altOrigin(t, headStart, time.Second)
	ask(t, rt, http.MethodPut)
	await(t, rt, byQUIC) // the first try may be slow on a machine that is busy
	p.black.Store(true)
	got, took := ask(t, rt, http.MethodPut)
	assert.Equal(t, byTCP, got)
	assert.Less(t, took, notice-headStart)
	got, took = ask(t, rt, http.MethodPost)
	assert.Equal(t, byTCP, got)
	assert.Less(t, took, notice-headStart)
	p.black.Store(false)
	await(t, rt, byQUIC)
}

// await asks until the answer is the wanted one.
func await(t *testing.T, rt http.RoundTripper, want string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		got, _ := ask(t, rt, http.MethodPut)
		if got == want {
			return
		}
		require.True(t, time.Now().Before(end), "never: %s", want)
	}
}

// noGoroutines checks at the end of the test that all have ended which it has started.
func noGoroutines(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		var now int
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d", now, before)
	})
}
