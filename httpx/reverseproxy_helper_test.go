package httpx_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// nobody is where nobody listens: a port that no system gives to who asks for any.
const nobody = "127.0.0.1:1"

// behind is a server of HTTP/1.1 and h2c for the proxy to talk to.
func behind(t *testing.T, h http.HandlerFunc) *running {
	t.Helper()
	return serveOn(t, listen(t), &httpx.ServerConfig{Handler: h})
}

// front is a server with a proxy to an origin. Transport is one of protocols if
// cfg has none.
func front(t *testing.T, to string, upstream *http.Protocols, cfg *httpx.ReverseProxyConfig) *running {
	t.Helper()
	own := *cfg
	if own.Transport == nil {
		own.Transport = client(t, upstream, nil)
	}
	if own.Target == nil && own.Route == nil {
		own.Target = &url.URL{Scheme: "http", Host: to}
	}
	errors := new(faults)
	own.OnError = func(_ *http.Request, err error) { errors.add(err) }
	p, err := httpx.NewReverseProxy(&own)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	r := serveOn(t, listen(t), &httpx.ServerConfig{Handler: p})
	r.errors = errors
	return r
}

var (
	onlyHTTP1 = versions(true, false, false)
	onlyH2C   = versions(false, false, true)
)

// raw is a conn whose bytes the test writes itself.
type raw struct {
	net.Conn
	*bufio.Reader
	t *testing.T
}

func dialRaw(t *testing.T, address string) *raw {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	return &raw{Conn: c, Reader: bufio.NewReader(c), t: t}
}

func (r *raw) Read(p []byte) (int, error) { return r.Reader.Read(p) }

func (r *raw) sayf(format string, args ...any) {
	r.t.Helper()
	_, err := fmt.Fprintf(r.Conn, format, args...)
	require.NoError(r.t, err)
}

// response reads a response, but not its body.
func (r *raw) response(method string) *http.Response {
	r.t.Helper()
	res, err := http.ReadResponse(r.Reader, &http.Request{Method: method})
	require.NoError(r.t, err)
	return res
}

// hear reads so many bytes.
func (r *raw) hear(n int) string {
	r.t.Helper()
	p := make([]byte, n)
	_, err := io.ReadFull(r.Reader, p)
	require.NoError(r.t, err)
	return string(p)
}
