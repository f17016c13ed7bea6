package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// url returns the address of a path for one of ways.
func (g *local) url(listener, scheme, path string) string {
	return fmt.Sprintf("%s://%s%s", scheme, g.address(listener), path)
}

// A response goes on piece by piece, as the upstream sends it, for longer than
// every timeout.
func TestStreaming(t *testing.T) {
	settled(t)
	beside(t, func(t *testing.T, way way) {
		next := make(chan string)
		up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "15") // a known length must not be waited for
			for s := range next {
				io.WriteString(w, s)
				http.NewResponseController(w).Flush()
			}
		})
		g := start(t, strings.ReplaceAll(front(up, "response_timeout: 2s"),
			"protocol: http,", "protocol: http, stall_timeout: 2s,"), nil)
		res, err := get(client(t, way.version, g.roots()), g.url(way.listener, way.scheme, "/"), next, "word 0")
		require.NoError(t, err)
		defer res.Body.Close()
		buf := make([]byte, 64)
		for i, word := range []string{"word 0", "word1", "end."} {
			if i > 0 {
				time.Sleep(2500 * time.Millisecond)
				next <- word
			}
			n, err := io.ReadAtLeast(res.Body, buf, len(word))
			require.NoError(t, err)
			assert.Equal(t, word, string(buf[:n]))
		}
		close(next)
		rest, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		assert.Empty(t, rest)
	})
}

// get starts a request and feeds its handler the first word, without which
// there is no response to wait for.
func get(c *http.Client, url string, words chan<- string, first string) (*http.Response, error) {
	go func() { words <- first }()
	return c.Get(url)
}

// An upstream may answer before it has read the request, and a client may read
// before it has sent all.
func TestFullDuplex(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			g := start(t, echoConfig, nil)
			body, w := io.Pipe()
			defer w.Close()
			go io.WriteString(w, "ping")
			res, err := client(t, way.version, g.roots()).Post(g.url(way.listener, way.scheme, "/"), "", body)
			require.NoError(t, err)
			defer res.Body.Close()
			buf := make([]byte, 4)
			for range 3 {
				_, err := io.ReadFull(res.Body, buf)
				require.NoError(t, err)
				require.Equal(t, "ping", string(buf))
				_, err = io.WriteString(w, "ping")
				require.NoError(t, err)
			}
			require.NoError(t, w.Close())
			assert.Equal(t, "ping", readAll(t, res))
		})
	}
}

// Trailers of the upstream reach the client.
func TestTrailers(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Trailer", "X-Sum")
				io.WriteString(w, "body")
				w.Header().Set("X-Sum", "42")
			})
			g := start(t, front(up), nil)
			res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			assert.Equal(t, "body", readAll(t, res))
			assert.Equal(t, "42", res.Trailer.Get("X-Sum"))
		})
	}
}

// A keep-alive conn serves many requests with bodies, each with its own answer.
func TestKeepAlive(t *testing.T) {
	settled(t)
	g := start(t, stalling(upstream(t, echoRequest), 2*time.Second), nil)
	c := dialTCP(t, g.address("http"))
	r := bufio.NewReader(c)
	for i := range 20 {
		body := bytes.Repeat([]byte{byte('a' + i)}, 1000*i+1)
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		res, err := http.ReadResponse(r, nil)
		require.NoError(t, err)
		assert.Equal(t, string(body), readAll(t, res))
		if i == 9 {
			time.Sleep(2500 * time.Millisecond) // longer than the deadlines of the last request
		}
	}
}
