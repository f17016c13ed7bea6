package httpx_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A body that the client does not send as it should is the client's fault.
func TestProxyBadBody(t *testing.T) {
	noLeak(t)
	o := behind(t, func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: o.addr}})
	require.NoError(t, err)
	defer p.Close()
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10)
		p.ServeHTTP(w, r)
	})})
	for _, tt := range []struct {
		name, body string
		status     int
	}{
		{"malformed", "0x1\r\na\r\n0\r\n\r\n", http.StatusBadRequest},
		{"stalled", "1\r\na\r\n", http.StatusRequestTimeout},
		{"too large", "14\r\n01234567890123456789\r\n0\r\n\r\n", http.StatusRequestEntityTooLarge},
		{"fine", "1\r\na\r\n0\r\n\r\n", http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := dialRaw(t, s.addr)
			_, err := fmt.Fprintf(c.Conn, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s", tt.body)
			require.NoError(t, err)
			assert.Equal(t, tt.status, c.response(http.MethodPost).StatusCode)
		})
	}
}

// When the response comes before the end of the request's body, the rest is taken off the conn, and the next request
// follows on it. net/http panics here when that is left to it, see endBody.
func TestProxyUnreadBody(t *testing.T) {
	noLeak(t)
	early := behind(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "early") })
	for _, tt := range []struct {
		name, to string
		status   int
	}{
		{"upstream is down", nobody, http.StatusBadGateway},
		{"upstream does not read", early.addr, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log faults
			p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: tt.to}})
			require.NoError(t, err)
			defer p.Close()
			s := serveOn(t, listen(t), &httpx.ServerConfig{Handler: p, OnError: log.add})
			for _, body := range []string{
				fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 50_000, strings.Repeat("a", 50_000)),
				"Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1000\r\n"+strings.Repeat("a", 4096)+"\r\n", 12) + "0\r\n\r\n",
			} {
				c := dialRaw(t, s.addr)
				for range 3 {
					c.sayf("POST / HTTP/1.1\r\nHost: x\r\n%s", body)
					res := c.response(http.MethodPost)
					require.Equal(t, tt.status, res.StatusCode)
					_, err := io.Copy(io.Discard, res.Body)
					require.NoError(t, err)
				}
			}
			assert.Equal(t, "<nil>", log.text())
		})
	}
}

// The response is sent before the rest of the body is waited for, and that not for ever.
func TestProxyBodyThatStalls(t *testing.T) {
	noLeak(t)
	p, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{Target: &url.URL{Scheme: "http", Host: nobody}})
	require.NoError(t, err)
	defer p.Close()
	s := serveOn(t, listen(t), &httpx.ServerConfig{StallTimeout: stall, Handler: p})
	c := dialRaw(t, s.addr)
	c.sayf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\na")
	res := c.response(http.MethodPost)
	require.Equal(t, http.StatusBadGateway, res.StatusCode)
	_, err = io.Copy(io.Discard, c)
	require.NoError(t, err, "the server closes")
}
