package httpx_test

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/httpx"
)

// Paths go on as they came, for the upstream to read them in its way.
func TestProxyPaths(t *testing.T) {
	noLeak(t)
	u := recording(t, empty200)
	long := "/" + strings.Repeat("a", 32<<10)
	for _, tt := range []struct{ name, base, sent, want string }{
		{"root", "", "/", "/"},
		{"escaped slash", "", "/a%2fb%2Fc", "/a%2fb%2Fc"},
		{"dots", "", "/a/../b/./c/..%2f..", "/a/../b/./c/..%2f.."},
		{"slashes", "", "//a///b//", "//a///b//"},
		{"escaped letters", "", "/%61%7E%20", "/%61%7E%20"},
		{"escaped controls", "", "/%0d%0aX:%201%00", "/%0d%0aX:%201%00"},
		{"parameters", "", "/a;b=c,d@e:f!$&'()*+", "/a;b=c,d@e:f!$&'()*+"},
		{"long", "", long, long},
		{"under a base", "/base", "/a%2fb", "/base/a%2fb"},
		{"base with an escape", "/b%2fc/", "/a/..%2f", "/b%2fc/a/..%2f"},
		{"bytes above ASCII", "", "/\xc3\xa4", "/%C3%A4"},
		{"query", "", "/?a=%2f&b=c+d&&e", "/?a=%2f&b=c+d&&e"},
		{"no query", "", "/?", "/?"},
		{"second question mark", "", "/?a?b=?", "/?a?b=?"},
		{"semicolon in the query", "", "/?a=1;b=2&c=3", "/?c=3"},
		{"bad escape in the query", "", "/?a=%zz&c=3", "/?c=3"},
		{"absolute", "", "http://site/a?b", "/a?b"},
		{"absolute without a path", "", "http://site", "/"},
		{"other scheme", "", "ftp://site/a", "/a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, err := url.Parse("http://" + u.addr + tt.base)
			assert.NoError(t, err)
			f := front(t, "", onlyHTTP1, &httpx.ReverseProxyConfig{Target: base})
			c := dialRaw(t, f.addr)
			c.sayf("GET %s HTTP/1.1\r\nHost: site\r\n\r\n", tt.sent)
			assert.Equal(t, http.StatusOK, c.response(http.MethodGet).StatusCode)
			line, header, _ := strings.Cut(u.take(), "\r\n")
			assert.Equal(t, "GET "+tt.want+" HTTP/1.1", line)
			assert.Contains(t, header, "Host: site\r\n")
		})
	}
	// Who wants the query as it came says so.
	f := front(t, u.addr, onlyHTTP1, &httpx.ReverseProxyConfig{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.RawQuery = r.In.URL.RawQuery
	}})
	c := dialRaw(t, f.addr)
	c.sayf("GET /?a=1;b=2 HTTP/1.1\r\nHost: site\r\n\r\n")
	assert.Equal(t, http.StatusOK, c.response(http.MethodGet).StatusCode)
	assert.Contains(t, u.take(), "GET /?a=1;b=2 HTTP/1.1\r\n")
}

// A target that has no meaning for a proxy, or two, is refused.
func TestProxyBadTargets(t *testing.T) {
	noLeak(t)
	u := recording(t, empty200)
	f := front(t, u.addr, onlyHTTP1, &httpx.ReverseProxyConfig{})
	for name, head := range map[string]string{
		"user in Host":            "GET / HTTP/1.1\r\nHost: good@evil\r\n",
		"user in the URI":         "GET http://good:pw@evil/ HTTP/1.1\r\nHost: evil\r\n",
		"user in the URI, hidden": "GET http://@evil/ HTTP/1.1\r\nHost: evil\r\n",
		"path in Host":            "GET / HTTP/1.1\r\nHost: good/evil\r\n",
		"query in Host":           "GET / HTTP/1.1\r\nHost: good?evil\r\n",
		"fragment in Host":        "GET / HTTP/1.1\r\nHost: good#evil\r\n",
		"backslash in Host":       "GET / HTTP/1.1\r\nHost: good\\evil\r\n",
		"space in Host":           "GET / HTTP/1.1\r\nHost: good evil\r\n",
		"asterisk":                "GET * HTTP/1.1\r\nHost: x\r\n",
		"no slash":                "GET a HTTP/1.1\r\nHost: x\r\n",
		"bad escape":              "GET /%zz HTTP/1.1\r\nHost: x\r\n",
		"bad absolute":            "GET http:// HTTP/1.1\r\nHost: x\r\n",
		"opaque":                  "GET http:evil HTTP/1.1\r\nHost: x\r\n",
		"fragment":                "GET /%zz# HTTP/1.1\r\nHost: x\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := dialRaw(t, f.addr)
			c.sayf("%s\r\n", head)
			assert.Equal(t, http.StatusBadRequest, c.response(http.MethodGet).StatusCode)
			assert.Empty(t, u.take())
		})
	}
	c := dialRaw(t, f.addr)
	c.sayf("GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("a", 80<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, c.response(http.MethodGet).StatusCode)
	c = dialRaw(t, f.addr)
	c.sayf("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, http.StatusOK, c.response(http.MethodOptions).StatusCode)
	assert.Empty(t, u.take())
}
