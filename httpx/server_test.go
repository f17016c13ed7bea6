package httpx_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// tell answers with the protocol, and whether there is TLS.
var tell = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s tls=%t", r.Proto, r.TLS != nil)
})

// Each listener is served with each protocol that it can have, and TLS is put on once.
func TestServerProtocols(t *testing.T) {
	serverTLS, clientTLS := identity(t)
	offer := serverTLS.Clone()
	offer.NextProtos = []string{"h2", "http/1.1"}
	h1, h2, h2c := versions(true, false, false), versions(false, true, false), versions(false, false, true)
	for _, tt := range []struct {
		name   string
		wrap   func(net.Listener) net.Listener
		tls    *tls.Config
		server *http.Protocols
		client *http.Protocols
		want   string // "": refused
	}{
		{"plain h1", nil, nil, nil, h1, "HTTP/1.1 tls=false"},
		{"plain h2c", nil, nil, nil, h2c, "HTTP/2.0 tls=false"},
		{"plain h1 off", nil, nil, h2c, h1, ""},
		{"plain h2c off", nil, nil, h1, h2c, ""},
		{"own TLS h1", nil, serverTLS, nil, h1, "HTTP/1.1 tls=true"},
		{"own TLS h2", nil, serverTLS, nil, h2, "HTTP/2.0 tls=true"},
		{"own TLS h1 off", nil, serverTLS, h2, h1, ""},
		{"own TLS h2 off", nil, offer, h1, h2, ""},
		{"TLS listener h1", tlsOn(offer), nil, nil, h1, "HTTP/1.1 tls=true"},
		{"TLS listener h2", tlsOn(offer), nil, nil, h2, "HTTP/2.0 tls=true"},
		{"TLS listener and own TLS", tlsOn(offer), serverTLS, nil, h2, "HTTP/2.0 tls=true"},
		{"wrapped under TLS", func(l net.Listener) net.Listener { return tlsOn(offer)(&wrapping{Listener: l}) }, nil, nil, h2, "HTTP/2.0 tls=true"},
		{"wrapped under own TLS", func(l net.Listener) net.Listener { return &wrapping{Listener: l} }, serverTLS, nil, h2, "HTTP/2.0 tls=true"},
		{"wrapped over TLS", func(l net.Listener) net.Listener { return &wrapping{Listener: tlsOn(offer)(l)} }, serverTLS, nil, h1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeak(t)
			l := listen(t)
			if tt.wrap != nil {
				l = tt.wrap(l)
			}
			s := serveOn(t, l, &httpx.ServerConfig{Handler: tell, TLS: tt.tls, Protocols: tt.server})
			scheme := "http"
			if tt.tls != nil || tt.wrap != nil {
				scheme = "https"
			}
			_, body, err := get(t, client(t, tt.client, clientTLS), scheme+"://"+s.addr+"/")
			if tt.want == "" {
				assert.Error(t, err)
			} else {
				require.NoError(t, err)
				assert.Equal(t, tt.want, body)
			}
			if tt.name == "wrapped over TLS" {
				assert.ErrorContains(t, s.errors.first(t), "hides a *tls.Conn")
			} else {
				assert.NotContains(t, s.errors.text(), "hides a *tls.Conn")
			}
		})
	}
}

func tlsOn(c *tls.Config) func(net.Listener) net.Listener {
	return func(l net.Listener) net.Listener { return tls.NewListener(l, c) }
}

// wrapping is a listener of wrapped conns.
type wrapping struct {
	net.Listener
	_ []int // nor can the listener
}

func (l wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return wrapped{c, []int{1}}, nil
}

// wrapped is a conn that cannot be compared.
type wrapped struct {
	net.Conn
	_ []int
}

func (w wrapped) NetConn() net.Conn { return w.Conn }

// A unix socket is a listener like others, and so is a conn that cannot be the key of a map.
func TestServerOtherListeners(t *testing.T) {
	noLeak(t)
	s := serveOn(t, &wrapping{Listener: listen(t)}, &httpx.ServerConfig{Handler: tell})
	_, body, err := get(t, client(t, versions(true, false, false), nil), "http://"+s.addr+"/")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 tls=false", body)

	u, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if runtime.GOOS == "windows" && errors.Is(err, syscall.Errno(10047)) {
		t.Skip("wine has no unix sockets")
	}
	require.NoError(t, err)
	s = serveOn(t, u, &httpx.ServerConfig{Handler: tell})
	tr := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.addr)
	}}
	defer tr.CloseIdleConnections()
	_, body, err = get(t, tr, "http://unix/")
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 tls=false", body)
}

// One bad listener ends the others at once.
func TestServerFailure(t *testing.T) {
	noLeak(t)
	s, err := httpx.NewServer(&httpx.ServerConfig{Handler: tell})
	require.NoError(t, err)
	defer s.Close()
	good, bad := listen(t), listen(t)
	require.NoError(t, bad.Close())
	e := failure(t, s.Serve(good, bad))
	assert.Equal(t, "serve", e.Op)
	assert.Equal(t, bad.Addr().String(), e.Value)
	assert.ErrorIs(t, e, net.ErrClosed)
	_, err = good.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, "listener", failure(t, s.Serve()).Field)
	assert.Equal(t, "listener", failure(t, s.Serve(nil)).Field)
	assert.Equal(t, "packet conn", failure(t, s.ServePackets(nil)).Field)
}

// Run drains for its own time: the context that ends it has ended.
func TestServerRun(t *testing.T) {
	noLeak(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s, err := httpx.NewServer(&httpx.ServerConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		fmt.Fprint(w, r.Context().Err())
	})})
	require.NoError(t, err)
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx, []net.Listener{l}) }()
	answer := make(chan string, 1)
	go func() { answer <- ask(t, client(t, versions(true, false, false), nil), "http://"+l.Addr().String()) }()
	<-entered
	cancel()
	<-s.Draining()
	close(leave)
	assert.Equal(t, "200 <nil>", <-answer)
	assert.NoError(t, <-ran)
	assert.ErrorIs(t, s.Serve(listen(t)), http.ErrServerClosed)
	assert.NoError(t, s.Shutdown(t.Context()))
	assert.NoError(t, s.Close())
}

// An informational response does not say how the conn ends, where the final one does.
func TestServerInformational(t *testing.T) {
	for name, p := range map[string]*http.Protocols{"h1": onlyHTTP1, "h2c": onlyH2C} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			s := serveOn(t, listen(t), &httpx.ServerConfig{MaxRequestsPerConn: 1, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusEarlyHints)
			})})
			var hint textproto.MIMEHeader
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				Got1xxResponse: func(_ int, header textproto.MIMEHeader) error {
					hint = header
					return nil
				},
			})
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr, nil)
			require.NoError(t, err)
			res, err := client(t, p, nil).RoundTrip(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.NotNil(t, hint)
			if res.ProtoMajor == 2 {
				assert.Empty(t, hint.Values("Connection"))
			} else {
				assert.True(t, res.Close)
			}
			eventually(t, "no conn", func() bool { return s.Stats().Idle+s.Stats().Active == 0 })
		})
	}
}
