package integration_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// onePort is a httpx.Server with all protocols on one port number.
type onePort struct {
	*httpx.Server
	ca   *pki.CA
	addr string
	end  context.CancelFunc
	ran  chan error
}

// serveOnePort runs a server until end is called.
func serveOnePort(t *testing.T, h http.Handler, drain time.Duration) *onePort {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	config := &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}
	h3cfg := &http3x.ServerConfig{StallTimeout: -1, StreamTimeout: -1} // httpx has them
	h3cfg.Listen.TLS = config
	h3, err := http3x.NewServer(h3cfg)
	require.NoError(t, err)
	s, err := httpx.NewServer(&httpx.ServerConfig{
		Handler: h, TLS: config, DrainTimeout: drain,
		HTTP3: func(h http.Handler) httpx.HTTP3Server { h3.SetHandler(h); return h3 },
	})
	require.NoError(t, err)
	tcp, udp := listenBoth(t)
	ctx, cancel := context.WithCancel(t.Context())
	p := &onePort{Server: s, ca: ca, addr: tcp.Addr().String(), end: cancel, ran: make(chan error, 1)}
	go func() { p.ran <- s.Run(ctx, []net.Listener{tcp}, udp) }()
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return p
}

// listenBoth opens TCP and UDP at one port number.
func listenBoth(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 { // the number may be taken by UDP
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		if udp, err := net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			return tcp, udp
		}
		tcp.Close()
	}
	require.Fail(t, "no port is free for both")
	return nil, nil
}

// clients returns a client of HTTP/2 that follows Alt-Svc, and the one of HTTP/3 below it.
func (p *onePort) clients(t *testing.T) (*httpx.AltSvc, *http3.Transport) {
	t.Helper()
	cfg := &http3x.Config{Address: alternative}
	cfg.Dial.TLS = &tls.Config{RootCAs: p.ca.Pool()}
	h3, err := http3x.NewTransport(cfg)
	require.NoError(t, err)
	h2 := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca.Pool()}, ForceAttemptHTTP2: true}
	a, err := httpx.NewAltSvc(h2, &httpx.AltSvcConfig{HTTP3: h3})
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, h3.Close())
		h2.CloseIdleConnections()
	})
	return a, h3
}

func fetchText(ctx context.Context, rt http.RoundTripper, url, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return string(text), err
}

// A client of HTTP/2 learns of HTTP/3 and goes there, to the same port number;
// requests of both are answered when the server ends, and nothing is left.
func TestServerOnePort(t *testing.T) {
	noGoroutines(t)
	entered, leave := make(chan string, 2), make(chan struct{})
	p := serveOnePort(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.URL.Path == "/slow" {
			entered <- r.Proto
			<-leave
		}
		fmt.Fprintf(w, "%s %s %v", r.Proto, body, err)
	}), time.Minute)
	a, h3 := p.clients(t)
	url := "https://" + p.addr
	text, err := fetchText(t.Context(), a, url, "one")
	require.NoError(t, err)
	require.Equal(t, "HTTP/2.0 one <nil>", text)
	h1 := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca.Pool()}} // net/http does not offer h2 with a config of its user
	text, err = fetchText(t.Context(), h1, url, "one")
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 one <nil>", text)
	h1.CloseIdleConnections()
	require.Eventually(t, func() bool {
		text, err := fetchText(t.Context(), a, url, "two")
		return assert.NoError(t, err) && text == "HTTP/3.0 two <nil>"
	}, 20*time.Second, time.Millisecond)

	answers := make(chan string, 2)
	for _, rt := range []http.RoundTripper{h3, &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca.Pool()}, ForceAttemptHTTP2: true, IdleConnTimeout: time.Second}} {
		go func() {
			text, err := fetchText(t.Context(), rt, url+"/slow", "three")
			answers <- fmt.Sprint(text, " ", err)
		}()
	}
	assert.ElementsMatch(t, []string{"HTTP/2.0", "HTTP/3.0"}, []string{<-entered, <-entered})
	p.end()
	<-p.Draining()
	select {
	case err := <-p.ran:
		require.Fail(t, "did not wait", "%v", err)
	case <-time.After(1500 * time.Millisecond): // longer than conns without requests have
	}
	close(leave)
	assert.ElementsMatch(t, []string{"HTTP/2.0 three <nil> <nil>", "HTTP/3.0 three <nil> <nil>"}, []string{<-answers, <-answers})
	assert.NoError(t, <-p.ran)
	stats := p.Stats()
	assert.Zero(t, stats.New+stats.Active+stats.Idle+stats.Hijacked)
	assert.Zero(t, stats.HTTP1.InFlight+stats.HTTP2.InFlight+stats.HTTP3.InFlight)
	assert.Positive(t, stats.HTTP3.Total)
}

// A request of HTTP/3 that does not end is cut with the drain, and a client that
// has vanished does not hold it up.
func TestServerOnePortCuts(t *testing.T) {
	noGoroutines(t)
	entered := make(chan struct{})
	p := serveOnePort(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/stuck" {
			close(entered)
			<-r.Context().Done()
		}
	}), 200*time.Millisecond)
	_, h3 := p.clients(t)
	failed := make(chan error, 1)
	go func() {
		_, err := fetchText(t.Context(), h3, "https://"+p.addr+"/stuck", "")
		failed <- err
	}()
	<-entered
	p.end()
	err := <-p.ran
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "1 requests")
	assert.Error(t, <-failed)

	p = serveOnePort(t, http.NotFoundHandler(), time.Minute)
	_, h3 = p.clients(t)
	text, err := fetchText(t.Context(), h3, "https://"+p.addr, "")
	require.NoError(t, err)
	assert.Contains(t, text, "404")
	began := time.Now()
	p.end() // the client keeps its conn
	assert.NoError(t, <-p.ran)
	assert.Less(t, time.Since(began), 20*time.Second)
}
