package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRouter(t *testing.T) {
	routes := []*Route{
		{Upstream: &Upstream{Name: "any"}},
		{Upstream: &Upstream{Name: "api"}, Path: "/api"},
		{Upstream: &Upstream{Name: "v2"}, Path: "/api/v2"},
		{Upstream: &Upstream{Name: "root"}, Path: "/", Host: "root.example"},
		{Upstream: &Upstream{Name: "wild"}, Host: "*.example.com"},
		{Upstream: &Upstream{Name: "deep"}, Host: "*.deep.example.com"},
		{Upstream: &Upstream{Name: "exact"}, Host: "www.example.com"},
		{Upstream: &Upstream{Name: "exact api"}, Host: "www.example.com", Path: "/api"},
		{Upstream: &Upstream{Name: "six"}, Host: "::1"},
	}
	for _, test := range []struct{ host, path, want string }{
		{"other", "/", "any"},
		{"other", "/api", "api"},
		{"other", "/api/", "api"},
		{"other", "/api/x", "api"},
		{"other", "/apix", "any"},
		{"other", "/api/v2/x", "v2"},
		{"other", "/api/v22", "api"},
		{"root.example", "/x", "root"},
		{"a.example.com", "/api", "wild"},
		{"example.com", "/", "any"},
		{".example.com", "/", "any"},
		{"a.b.example.com", "/", "wild"},
		{"a.deep.example.com", "/", "deep"},
		{"www.example.com", "/", "exact"},
		{"WWW.Example.com.:8080", "/", "exact"},
		{"www.example.com:443", "/api/x", "exact api"},
		{"www.example.com", "/apis", "exact"},
		{"[::1]:80", "/", "six"},
		{"[::1]", "/", "six"},
		{"", "/", "any"},
	} {
		t.Run(test.host+test.path, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, test.path, nil)
			r.Host = test.host
			got := newRouter(routes).find(r)
			require.NotNil(t, got)
			assert.Equal(t, test.want, got.Upstream.Name)
		})
	}
	none := newRouter([]*Route{{Host: "a"}}).find(httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Nil(t, none)
}

// What has no route, and what could be taken for another route, is refused by
// the gateway itself.
func TestRefusedRequests(t *testing.T) {
	settled(t)
	up := upstream(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came through") })
	g := start(t, `
upstreams: [{name: up, address: "`+up+`"}]
listeners:
  - {name: http, address: "127.0.0.1:0", protocol: http, routes: [{upstream: up, path: /public}]}
`, nil)
	for _, test := range []struct {
		line   string
		status int
	}{
		{"GET / HTTP/1.1", http.StatusNotFound},
		{"GET /publicity HTTP/1.1", http.StatusNotFound},
		{"GET /public/../private HTTP/1.1", http.StatusBadRequest},
		{"GET /public/%2e%2e/private HTTP/1.1", http.StatusBadRequest},
		{"GET /public%2f..%2fprivate HTTP/1.1", http.StatusBadRequest},
		{"GET /public/./x HTTP/1.1", http.StatusBadRequest},
		{"CONNECT example.com:443 HTTP/1.1", http.StatusMethodNotAllowed},
		{"OPTIONS * HTTP/1.1", http.StatusOK}, // package net/http answers for itself
	} {
		t.Run(test.line, func(t *testing.T) {
			c := dialTCP(t, g.address("http"))
			say(t, c, test.line+"\r\nHost: x\r\nConnection: close\r\n\r\n")
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			require.NoError(t, err)
			readAll(t, res)
			assert.Equal(t, test.status, res.StatusCode)
		})
	}
}
