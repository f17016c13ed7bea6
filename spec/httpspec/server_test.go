package httpspec_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/httpspec"
	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/tlsx/pki"
)

func TestServerLimits(t *testing.T) {
	spectest.NoLeak(t)
	t.Run("read_header_timeout", func(t *testing.T) {
		m := message[serverConfig](t, `{"readHeaderTimeout": "0.3s"}`)
		m.Listeners = anywhere()
		answer := exchange(t, serve(t, m, echo), "GET / HTTP/1.1\r\nHost: a\r\n")
		assert.NotContains(t, answer, "200 OK", "the header never ends")
	})
	m := message[serverConfig](t, `{"maxHeaderBytes": "2048", "maxRequestsPerConn": "1"}`)
	m.Listeners = anywhere()
	s := serve(t, m, echo)
	t.Run("max_header_bytes", func(t *testing.T) {
		answer := exchange(t, s, "GET / HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("a", 16<<10)+"\r\n\r\n")
		assert.Contains(t, answer, " 431 ")
	})
	t.Run("max_requests_per_conn", func(t *testing.T) {
		answer := exchange(t, s, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		assert.Contains(t, answer, "Connection: close")
	})
}

// exchange sends and reads until the server ends the conn.
func exchange(t *testing.T, s *httpspec.Server, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address(s))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	_, err = io.WriteString(c, request)
	require.NoError(t, err)
	answer, _ := io.ReadAll(c) // the server may reset what it has not read to its end
	return string(answer)
}

// The second address is in use: the first listener does not stay open, which
// would be a leak.
func TestServerAllOrNone(t *testing.T) {
	spectest.NoLeak(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = httpspec.NewServerFromSpec(&serverConfig{Listeners: []*specv1.ListenConfig{
		{Address: new("127.0.0.1:0")}, {Address: new(taken.Addr().String())},
	}}, echo)
	var inUse *net.OpError
	require.ErrorAs(t, err, &inUse)
	assert.Equal(t, "listen", inUse.Op)
	errs := spec.Errors(err)
	require.Len(t, errs, 1)
	assert.Equal(t, "listeners[1]", errs[0].Path)
}

// Nothing is opened for a message that is wrong somewhere else: nobody notices
// that the address is in use.
func TestServerOpensNothing(t *testing.T) {
	spectest.NoLeak(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	m := &serverConfig{Listeners: []*specv1.ListenConfig{{Address: new(taken.Addr().String())}}, IdleTimeout: seconds(-1)}
	_, err = httpspec.NewServerFromSpec(m, echo)
	require.EqualError(t, err, `idle_timeout: -1s: must not be negative`)
	m.IdleTimeout = nil
	_, err = httpspec.NewServerFromSpec(m, nil)
	require.EqualError(t, err, "a server needs a handler")
}

// Who never serves has nothing left after Close or Shutdown.
func TestServerNeverServed(t *testing.T) {
	for name, end := range map[string]func(*httpspec.Server) error{
		"close":    (*httpspec.Server).Close,
		"shutdown": func(s *httpspec.Server) error { return s.Shutdown(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			spectest.NoLeak(t)
			serverTLS, _ := identities(t)
			serverTLS.Reload = &specv1.TLSConfig_Reload{}
			s, err := httpspec.NewServerFromSpec(&serverConfig{Listeners: anywhere(), Tls: serverTLS}, echo)
			require.NoError(t, err)
			a := address(s)
			require.NoError(t, end(s))
			require.NoError(t, s.Close())
			require.ErrorIs(t, s.Serve(), http.ErrServerClosed)
			_, err = net.Dial("tcp", a)
			require.Error(t, err)
		})
	}
}

// Run ends with its context, after the request in flight.
func TestServerRun(t *testing.T) {
	spectest.NoLeak(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var s *httpspec.Server
	s, err := httpspec.NewServer(&serverConfig{Listeners: anywhere(), DrainTimeout: seconds(30)}, func(cfg *httpx.ServerConfig) {
		cfg.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			<-s.Draining()
			echo(w, r)
		})
	})
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	rt, err := httpspec.HTTPTransport(nil)
	require.NoError(t, err)
	body, err := get(t, rt, "http://"+address(s))
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 http", body)
	require.NoError(t, <-done)
}

// The certificate on disk is replaced: the next conn has the new one.
func TestServerReload(t *testing.T) {
	spectest.NoLeak(t)
	dir := t.TempDir()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	issue := func(name string) {
		c, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, CommonName: name, Server: true})
		require.NoError(t, err)
		_, _, err = c.Write(dir, "server")
		require.NoError(t, err)
	}
	issue("first")
	source := func(name string) *specv1.DataSource {
		return &specv1.DataSource{Source: &specv1.DataSource_File{File: filepath.Join(dir, name)}}
	}
	pair := &specv1.CertKeyPair{Chain: source("server.pem"), Key: source("server.key")}
	own := &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{pair}, Reload: &specv1.TLSConfig_Reload{Interval: seconds(1)}}
	s := serve(t, &serverConfig{
		Tls:       own,
		Listeners: []*specv1.ListenConfig{{Address: new("127.0.0.1:0")}, {Address: new("127.0.0.1:0"), Tls: own}},
	}, echo)
	rt, err := httpspec.HTTPTransport(&transportConfig{
		DisableKeepAlives: new(true),
		// A session that is resumed would show the certificate of its first conn.
		Tls: &specv1.TLSConfig{Sessions: new(int64(-1)), Roots: &specv1.TLSConfig_CAs{From: []*specv1.DataSource{inline(ca.PEM())}}},
	})
	require.NoError(t, err)
	names := func() (list []string) {
		for _, l := range s.Listeners() {
			list = append(list, presented(t, rt, "https://"+l.Addr().String()))
		}
		return list
	}
	require.Equal(t, []string{"first", "first"}, names())
	issue("second")
	require.Eventually(t, func() bool { return slices.Equal(names(), []string{"second", "second"}) }, 30*time.Second, 20*time.Millisecond)

	// Nobody follows them any more, nor those of a server that could not listen.
	spectest.Watching(t, true)
	taken := s.Listeners()[0].Addr().String()
	_, err = httpspec.NewServerFromSpec(&serverConfig{Tls: own, Listeners: []*specv1.ListenConfig{{Address: &taken}}}, echo)
	require.Error(t, err)
	require.NoError(t, s.Close())
	spectest.Watching(t, false)
}

// presented is the common name of the certificate that the server shows, or why
// there is none.
func presented(t *testing.T, rt http.RoundTripper, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	res, err := rt.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	return res.TLS.PeerCertificates[0].Subject.CommonName
}

// A server has no default.
func TestServerNil(t *testing.T) {
	_, _, err := httpspec.ServerConfig(t.Context(), nil)
	require.EqualError(t, err, "there is no HTTPServerConfig: a server has no default")
	_, err = httpspec.NewServerFromSpec(nil, echo)
	require.EqualError(t, err, "there is no HTTPServerConfig: a server has no default")
	assert.Len(t, spec.Errors(err), 1)
}
