package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tlsx/pki"
)

func TestRun(t *testing.T) {
	before := runtime.NumGoroutine()
	var out bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, run(ctx, &out))
	assert.Equal(t, "hello on a stream\nhello in a datagram\n", out.String())
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "goroutines stay")
	}
}

// Sessions have many streams at a time; what is no session is refused; a server that ends, ends its sessions.
func TestSessions(t *testing.T) {
	ca, err := pki.New(nil)
	require.NoError(t, err)
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	require.NoError(t, err)
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer conn.Close()
	s := newServer(&tls.Config{Certificates: []tls.Certificate{leaf.TLS()}})
	served := make(chan error, 1)
	go func() { served <- s.Serve(conn) }()
	url := "https://" + conn.LocalAddr().String()
	config := &tls.Config{RootCAs: ca.Pool()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	_, err = dial(ctx, url+"/other", config)
	assert.ErrorContains(t, err, "404")
	c, err := dial(ctx, url+"/echo", config)
	require.NoError(t, err)
	got := make(chan string, 10)
	for i := range cap(got) {
		go func() {
			text, err := c.stream(ctx, strings.Repeat(string(rune('a'+i)), 100_000))
			if !assert.NoError(t, err) {
				text = "x"
			}
			got <- text[:1] + text[len(text)-1:]
		}()
	}
	var all []string
	for range cap(got) {
		all = append(all, <-got)
	}
	assert.ElementsMatch(t, []string{"aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj"}, all)
	text, err := c.datagram(ctx, "one")
	require.NoError(t, err)
	assert.Equal(t, "one", text)

	require.NoError(t, s.Close())
	assert.NoError(t, closed(<-served))
	_, err = c.session.AcceptStream(ctx)
	assert.Error(t, err)
	_ = c.Close() // the server was first
}
