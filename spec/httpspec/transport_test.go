package httpspec_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/internal/build"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

type (
	transportConfig = specv1.HTTPTransportConfig
	http2Config     = specv1.HTTP2TransportConfig
	serverConfig    = specv1.HTTPServerConfig
)

// What is spoken follows from protocols on both sides and from the scheme alone.
func TestVersions(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	for _, tt := range []struct {
		server, client, scheme, want string
	}{
		{`{}`, `{}`, "https", "HTTP/2.0 https"},
		{`{}`, `{}`, "http", "HTTP/1.1 http"},
		{`{}`, `{"protocols": ["http1"]}`, "https", "HTTP/1.1 https"},
		{`{"protocols": ["http1"]}`, `{}`, "https", "HTTP/1.1 https"},
		{`{}`, `{"protocols": ["http2"]}`, "https", "HTTP/2.0 https"},
		{`{}`, `{"protocols": ["h2c"]}`, "http", "HTTP/2.0 http"},
		{`{"protocols": ["h2c", "http2"]}`, `{"protocols": ["http2", "h2c"]}`, "http", "HTTP/2.0 http"},
	} {
		t.Run(tt.server+tt.client+tt.scheme, func(t *testing.T) {
			m := message[serverConfig](t, tt.server)
			m.Listeners = anywhere()
			if tt.scheme == "https" {
				m.Tls = serverTLS
			}
			s := serve(t, m, echo)
			c := message[transportConfig](t, tt.client)
			c.Tls = clientTLS
			rt, err := httpspec.HTTPTransport(c)
			require.NoError(t, err)
			body, err := get(t, rt, tt.scheme+"://"+address(s))
			require.NoError(t, err)
			assert.Equal(t, tt.want, body)
		})
	}
}

func TestVersionsRefused(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	s := serve(t, &serverConfig{Listeners: anywhere(), Tls: serverTLS, Protocols: []specv1.HTTPProtocol_Version{specv1.HTTPProtocol_http1}}, echo)
	rt, err := httpspec.HTTPTransport(&transportConfig{Tls: clientTLS, Protocols: []specv1.HTTPProtocol_Version{specv1.HTTPProtocol_http2}})
	require.NoError(t, err)
	_, err = get(t, rt, "https://"+address(s))
	require.ErrorContains(t, err, "no application protocol")
}

func TestHTTP2Transport(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	secure := serve(t, &serverConfig{Listeners: anywhere(), Tls: serverTLS}, echo)
	plain := serve(t, &serverConfig{Listeners: anywhere()}, echo)

	rt, err := httpspec.HTTP2Transport(&http2Config{Tls: clientTLS, StrictMaxConcurrentStreams: new(true)})
	require.NoError(t, err)
	body, err := get(t, rt, "https://"+address(secure))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0 https", body)
	_, err = get(t, rt, "http://"+address(plain))
	require.Error(t, err, "http is not allowed")

	rt, err = httpspec.HTTP2Transport(&http2Config{AllowHttp: new(true)})
	require.NoError(t, err)
	body, err = get(t, rt, "http://"+address(plain))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/2.0 http", body)
}

// Without a message there are the defaults of httpx.
func TestNil(t *testing.T) {
	spectest.NoLeak(t)
	s := serve(t, &serverConfig{Listeners: anywhere()}, echo)
	rt, err := httpspec.HTTPTransport(nil)
	require.NoError(t, err)
	assert.Equal(t, httpx.DefaultMaxIdleConns, rt.MaxIdleConns)
	body, err := get(t, rt, "http://"+address(s))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 http", body)

	h2, err := httpspec.HTTP2Transport(nil)
	require.NoError(t, err)
	_, err = get(t, h2, "http://"+address(s))
	require.Error(t, err)

	ctx := t.Context()
	for _, mapper := range []func() (any, error){
		func() (any, error) { return httpspec.TransportConfig(ctx, nil) },
		func() (any, error) { return httpspec.HTTP2Config(ctx, nil) },
		func() (any, error) { return httpspec.PoolConfig(ctx, nil) },
		func() (any, error) { return httpspec.RetryConfig(ctx, nil) },
		func() (any, error) { return httpspec.HedgeConfig(ctx, nil) },
		func() (any, error) { return httpspec.EjectorConfig(ctx, nil) },
		func() (any, error) { return httpspec.AltSvcConfig(ctx, nil) },
		func() (any, error) { return httpspec.ReverseProxyConfig(ctx, nil) },
		func() (any, error) { return httpspec.ConnectConfig(ctx, nil) },
	} {
		cfg, err := mapper()
		require.NoError(t, err)
		assert.NotNil(t, cfg)
	}
}

// https meets a server without TLS, and http one with it: neither side is obeyed.
func TestSchemeDecides(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	first := make(chan byte, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		b := make([]byte, 1)
		c.Read(b)
		first <- b[0]
	}()
	rt, err := httpspec.HTTPTransport(&transportConfig{Tls: clientTLS, Dial: &specv1.DialConfig{}})
	require.NoError(t, err)
	_, err = get(t, rt, "https://"+l.Addr().String())
	require.Error(t, err)
	assert.Equal(t, byte(22), <-first, "a record of TLS, a handshake")

	s := serve(t, &serverConfig{Listeners: anywhere(), Tls: serverTLS}, echo)
	body, err := get(t, rt, "http://"+address(s))
	assert.False(t, err == nil && body == "HTTP/1.1 https")
}

// The options are on the conn that carries the request.
func TestDialOptions(t *testing.T) {
	spectest.NoLeak(t)
	if runtime.GOOS != "linux" {
		t.Skip("TCP_USER_TIMEOUT is of Linux")
	}
	serverTLS, clientTLS := identities(t)
	s := serve(t, &serverConfig{Listeners: anywhere(), Tls: serverTLS}, echo)
	m := message[transportConfig](t, `{"dial": {"options": {"TCP_KEEPIDLE": "77s", "TCP_USER_TIMEOUT": "12s", "SO_KEEPALIVE": true}}}`)
	m.Tls = clientTLS
	rt, err := httpspec.HTTPTransport(m)
	require.NoError(t, err)
	defer rt.CloseIdleConnections()
	var used net.Conn
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { used = i.Conn }})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address(s), http.NoBody)
	require.NoError(t, err)
	res, err := rt.RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	raw, ok := used.(*tls.Conn).NetConn().(syscall.Conn)
	require.True(t, ok)
	idle, err := sockopt.TCPKeepIdle.Get(raw)
	require.NoError(t, err)
	assert.Equal(t, 77*time.Second, idle)
	wait, err := sockopt.TCPUserTimeout.Get(raw)
	require.NoError(t, err)
	assert.Equal(t, 12*time.Second, wait)
}

// A server of the schema is the proxy.
func TestProxy(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	proxyTLS, toProxyTLS := identities(t)
	target := serve(t, &serverConfig{Listeners: anywhere(), Tls: serverTLS}, echo)
	for name, overTLS := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			cfg, err := httpspec.ConnectConfig(t.Context(), &specv1.HTTPConnectConfig{DialTimeout: seconds(30)})
			require.NoError(t, err)
			var fields, tunnels atomic.Int64
			cfg.Allow = func(r *http.Request, _ string) error {
				tunnels.Add(1)
				fields.Add(int64(len(r.Header["X-Who"])))
				return nil
			}
			connect, err := httpx.NewConnect(cfg)
			require.NoError(t, err)
			pm := &serverConfig{Listeners: anywhere()}
			m := &transportConfig{Tls: clientTLS, ProxyConnectHeader: map[string]string{"x-who": "me"}}
			if overTLS {
				pm.Tls, m.ProxyTls = proxyTLS, toProxyTLS
			}
			proxy := serve(t, pm, connect)
			m.ProxyUrl = new(name + "://" + address(proxy))

			rt, err := httpspec.HTTPTransport(m)
			require.NoError(t, err)
			body, err := get(t, rt, "https://"+address(target))
			require.NoError(t, err)
			assert.Equal(t, "HTTP/2.0 https", body)
			assert.EqualValues(t, 1, tunnels.Load())
			assert.EqualValues(t, 1, fields.Load())

			m.NoProxy = new("other.test")
			rt, err = httpspec.HTTPTransport(m)
			require.NoError(t, err)
			_, err = get(t, rt, "https://"+address(target))
			require.NoError(t, err)
			assert.EqualValues(t, 1, tunnels.Load(), "loopback goes directly")
		})
	}
}

func TestProxyFromEnvironment(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://proxy.test:3128")
	rt, err := httpspec.HTTPTransport(&transportConfig{ProxyFromEnvironment: new(true)})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://a.test", http.NoBody)
	require.NoError(t, err)
	u, err := rt.Proxy(req)
	require.NoError(t, err)
	assert.Equal(t, "http://proxy.test:3128", u.String())
}

// The CA in a file is replaced: the next conn trusts the new one, until the
// context ends.
func TestTransportReload(t *testing.T) {
	spectest.NoLeak(t)
	serverTLS, clientTLS := identities(t)
	_, strangerTLS := identities(t)
	s := serve(t, &serverConfig{Listeners: anywhere(), Tls: serverTLS}, echo)
	file := filepath.Join(t.TempDir(), "ca.pem")
	trust := func(c *specv1.TLSConfig) {
		require.NoError(t, os.WriteFile(file, []byte(c.Roots.From[0].GetText()), 0o600))
	}
	trust(strangerTLS)
	ctx, stop := build.Until(t.Context()) // Windows removes no folder that is watched
	defer stop()
	cfg, err := httpspec.TransportConfig(ctx, &transportConfig{Tls: &specv1.TLSConfig{
		ServerName: new("localhost"),
		Roots:      &specv1.TLSConfig_CAs{From: []*specv1.DataSource{{Source: &specv1.DataSource_File{File: file}}}},
		Reload:     &specv1.TLSConfig_Reload{Interval: seconds(1)},
	}})
	require.NoError(t, err)
	rt, err := httpx.NewTransport(cfg)
	require.NoError(t, err)
	_, err = get(t, rt, "https://"+address(s))
	require.ErrorContains(t, err, "unknown authority")
	trust(clientTLS)
	require.Eventually(t, func() bool {
		body, err := get(t, rt, "https://"+address(s))
		return err == nil && body == "HTTP/2.0 https"
	}, 30*time.Second, 20*time.Millisecond)
}
