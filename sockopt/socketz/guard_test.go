package socketz_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt/socketz"
)

func TestWhoMayLook(t *testing.T) {
	var r socketz.Registry
	for _, test := range []struct {
		remote, host, header string
		want                 string // empty: served
	}{
		{"127.0.0.1:1", "127.0.0.1:6060", "", ""},
		{"127.0.0.1:1", "localhost:6060", "", ""},
		{"127.0.0.1:1", "LocalHost", "", ""},
		{"127.9.9.9:1", "127.1.2.3", "", ""},
		{"[::1]:1", "[::1]:6060", "", ""},
		{"[::1]:1", "[::1]", "", ""},
		{"[::ffff:127.0.0.1]:1", "127.0.0.1", "", ""},
		{"127.0.0.1:1", "127.0.0.1", "Sec-Fetch-Site: none", ""},
		{"127.0.0.1:1", "127.0.0.1", "Sec-Fetch-Site: same-origin", ""},

		{"192.0.2.1:1", "127.0.0.1", "", "RemoteAddr=192.0.2.1:1: the client is not on this machine"},
		{"[2001:db8::1]:1", "localhost", "", "RemoteAddr"},
		{"0.0.0.0:1", "localhost", "", "RemoteAddr"},
		{"@", "localhost", "", "RemoteAddr=@"},
		{"", "localhost", "", "RemoteAddr="},
		{"localhost:1", "localhost", "", "RemoteAddr=localhost:1"},
		{"127.0.0.1:1", "rebound.example:6060", "", "Host=rebound.example:6060: want localhost or a loopback address"},
		{"127.0.0.1:1", "localhost.example", "", "Host"},
		{"127.0.0.1:1", "127.0.0.1.example", "", "Host"},
		{"127.0.0.1:1", "localhost.", "", "Host"},
		{"127.0.0.1:1", "0.0.0.0:6060", "", "Host"},
		{"127.0.0.1:1", "192.0.2.1", "", "Host"},
		{"127.0.0.1:1", "", "", "Host"},
		{"127.0.0.1:1", "evil<script>\x1b", "", `Host=evil<script>\x1b`},
		{"127.0.0.1:1", "127.0.0.1", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-For=127.0.0.1: the request came through a proxy"},
		{"127.0.0.1:1", "127.0.0.1", "Forwarded: for=127.0.0.1", "Forwarded"},
		{"127.0.0.1:1", "127.0.0.1", "X-Forwarded-For: ", "X-Forwarded-For=:"},
		{"127.0.0.1:1", "127.0.0.1", "Via: 1.1 x", "Via"},
		{"127.0.0.1:1", "127.0.0.1", "x-real-ip: 127.0.0.1", "X-Real-Ip"},
		{"127.0.0.1:1", "127.0.0.1", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site=cross-site: another site sent the request"},
		{"127.0.0.1:1", "127.0.0.1", "Sec-Fetch-Site: same-site", "Sec-Fetch-Site"},
	} {
		t.Run(test.remote+" "+test.host+" "+test.header, func(t *testing.T) {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			req.RemoteAddr, req.Host = test.remote, test.host
			if name, value, ok := strings.Cut(test.header, ": "); ok {
				req.Header.Set(name, value)
			}
			var told error
			w := httptest.NewRecorder()
			r.Handler(&socketz.Config{OnRefused: func(_ *http.Request, err error) { told = err }}).ServeHTTP(w, req)
			open := httptest.NewRecorder()
			r.Handler(&socketz.Config{AllowRemote: true}).ServeHTTP(open, req)
			assert.Equal(t, http.StatusOK, open.Code)
			protected(t, w.Header())
			if test.want == "" {
				assert.Equal(t, http.StatusOK, w.Code, w.Body)
				assert.NoError(t, told)
				return
			}
			assert.Equal(t, http.StatusForbidden, w.Code)
			assert.Contains(t, w.Body.String(), "socketz: serve "+test.want)
			assert.Equal(t, "text/plain; charset=utf-8", w.Header().Get("Content-Type"))
			require.ErrorIs(t, told, socketz.ErrRefused)
			var e *socketz.Error
			require.ErrorAs(t, told, &e)
			assert.Equal(t, "serve", e.Op)
			assert.NotErrorIs(t, told, errors.ErrUnsupported)
		})
	}
}

// protected wants the headers that every answer has.
func protected(t *testing.T, h http.Header) {
	t.Helper()
	assert.Equal(t, "no-store", h.Get("Cache-Control"))
	assert.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
	assert.Equal(t, "DENY", h.Get("X-Frame-Options"))
	assert.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
	assert.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"))
	for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		assert.Contains(t, h.Get("Content-Security-Policy"), directive)
	}
	assert.NotContains(t, h.Get("Content-Security-Policy"), "unsafe")
	assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
}

func TestMethods(t *testing.T) {
	var r socketz.Registry
	l := plainTCP(t)
	serve(t, l, r.Handler(nil))
	for method, want := range map[string]int{
		http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405, http.MethodPut: 405, http.MethodDelete: 405, http.MethodOptions: 405,
	} {
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+l.Addr().String()+"/any/path", http.NoBody)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body := readAll(t, res.Body)
		assert.Equal(t, want, res.StatusCode, method)
		protected(t, res.Header)
		if want == 405 {
			assert.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
		}
		assert.Equal(t, method == http.MethodHead, body == "", method)
	}
	http.DefaultClient.CloseIdleConnections()
}

// Over a unix socket the file says who may look, and the host is any.
func TestOverUnix(t *testing.T) {
	var r socketz.Registry
	file := filepath.Join(t.TempDir(), "s")
	l := listenUnix(t, file)
	serve(t, l, r.Handler(nil))
	ask := func(header string) string {
		c, err := net.Dial("unix", file)
		require.NoError(t, err)
		defer c.Close()
		fmt.Fprintf(c, "GET / HTTP/1.0\r\nHost: anything\r\n%s\r\n", header)
		return readAll(t, c)
	}
	assert.True(t, strings.HasPrefix(ask(""), "HTTP/1.0 200 "))
	assert.True(t, strings.HasPrefix(ask("X-Forwarded-For: 192.0.2.1\r\n"), "HTTP/1.0 403 "), "a proxy has no other way than the rest")
}

// A port is a number, or the Host is none that a browser sends.
func TestPortOfHost(t *testing.T) {
	for _, host := range []string{"localhost:80", "localhost:", "[::1]:8080", "127.0.0.1:1"} {
		assert.True(t, socketz.LoopbackHost(host), host)
	}
	for _, host := range []string{"localhost:*", "localhost:http", "[::1]:-1", "127.0.0.1:1.a.test", "localho\u017ft"} {
		assert.False(t, socketz.LoopbackHost(host), host)
	}
}

func FuzzLoopbackHost(f *testing.F) {
	for _, s := range []string{"localhost", "[::1]:80", "127.0.0.1", "x.localhost", "localhost:80:80", "[localhost]", "::1", "127.1", "[127.0.0.1]", "localho\u017ft"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !socketz.LoopbackHost(host) {
			return
		}
		// What is let in is a name that no DNS is asked for, or a literal.
		name := strings.ToLower(strings.TrimRight(strings.TrimLeft(host, "["), "]0123456789:"))
		ip := strings.HasPrefix(strings.TrimLeft(host, "["), "127.") || strings.Contains(host, "::") || strings.Contains(host, "0:")
		assert.True(t, name == "localhost" || ip, "%q", host)
	})
}
