package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An upstream that is down is a 502, since it refuses, and not because time runs out.
func TestUpstreamDown(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			g := start(t, front(closedPort(t)), nil)
			c := client(t, way.version, g.roots())
			for _, body := range []io.Reader{nil, noise(8<<20, 5)} {
				res, err := c.Post(g.url(way.listener, way.scheme, "/"), "application/octet-stream", body)
				require.NoError(t, err)
				assert.Equal(t, "Bad Gateway\n", readAll(t, res))
				assert.Equal(t, http.StatusBadGateway, res.StatusCode)
				assert.Equal(t, way.version, res.Proto)
			}
			g.log.eventually(t, "connection refused")
		})
	}
}

// An upstream that neither answers nor reads is a 504 after the response
// timeout, also when a body is in the way.
func TestUpstreamHangs(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			l := listenTCP(t)
			g := start(t, front(l.Addr().String(), "response_timeout: 300ms"), nil)
			c := client(t, way.version, g.roots())
			for _, body := range []io.Reader{nil, noise(32<<20, 6)} {
				begin := time.Now()
				res, err := c.Post(g.url(way.listener, way.scheme, "/"), "application/octet-stream", body)
				require.NoError(t, err)
				readAll(t, res)
				assert.Equal(t, http.StatusGatewayTimeout, res.StatusCode)
				assert.GreaterOrEqual(t, time.Since(begin), 300*time.Millisecond)
			}
		})
	}
}

// The response timeout does not count the time that a slow client takes.
func TestSlowUploadIsNoTimeout(t *testing.T) {
	settled(t)
	beside(t, func(t *testing.T, way way) {
		up := upstream(t, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(w, r.Body)
		})
		g := start(t, front(up, "response_timeout: 2s"), nil)
		body, w := io.Pipe()
		go func() {
			for range 2 {
				time.Sleep(2500 * time.Millisecond)
				io.WriteString(w, "slow ")
			}
			w.Close()
		}()
		res, err := client(t, way.version, g.roots()).Post(g.url(way.listener, way.scheme, "/"), "", body)
		require.NoError(t, err)
		assert.Equal(t, strings.Repeat("slow ", 2), readAll(t, res))
		assert.Equal(t, http.StatusOK, res.StatusCode)
	})
}

// A response that breaks off does not look complete to the client.
func TestUpstreamBreaksOff(t *testing.T) {
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			settled(t)
			up := upstream(t, func(w http.ResponseWriter, _ *http.Request) {
				io.WriteString(w, "half")
				http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			g := start(t, front(up), nil)
			res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/"))
			require.NoError(t, err)
			defer res.Body.Close()
			_, err = io.ReadAll(res.Body)
			require.Error(t, err)
		})
	}
}
