package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// limited is a tcp listener with limits in front of an upstream.
func limited(upstream, limits string) string {
	return fmt.Sprintf(`
upstreams: [{name: up, address: "%s"}]
listeners: [{name: tcp, address: "127.0.0.1:0", routes: [{upstream: up}], %s}]
`, upstream, limits)
}

func TestIdleSessionIsCut(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	g := start(t, limited(l.Addr().String(), "idle_timeout: 200ms"), nil)
	begin := time.Now()
	client := dialTCP(t, g.address("tcp"))
	server := acceptTCP(t, l)
	_, err := client.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	assert.GreaterOrEqual(t, time.Since(begin), 150*time.Millisecond)
	_, err = server.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	g.log.eventually(t, "there was no traffic")
}

// Traffic in one direction keeps both alive, and loses no byte to the
// deadlines that pass meanwhile.
func TestOneWayTrafficIsNotIdle(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	g := start(t, limited(l.Addr().String(), "idle_timeout: 3s"), nil)
	client := dialTCP(t, g.address("tcp"))
	server := acceptTCP(t, l)
	want := strings.Repeat("tick ", 24)
	go func() {
		defer server.CloseWrite()
		for i := range len(want) / 5 {
			if _, err := io.WriteString(server, want[5*i:5*i+5]); err != nil {
				return
			}
			time.Sleep(150 * time.Millisecond)
		}
	}()
	hear(t, client, want)
}

// A receiver that takes nothing is cut, although the sender has more to send.
func TestStalledSessionIsCut(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	g := start(t, limited(l.Addr().String(), "idle_timeout: 300ms"), nil)
	dialTCP(t, g.address("tcp")) // never reads
	server := acceptTCP(t, l)
	_, err := io.Copy(server, noise(1<<30, 3))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	g.log.eventually(t, "there was no traffic")
}

func TestSessionLimit(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	g := start(t, limited(l.Addr().String(), "max_session: 300ms"), nil)
	client := dialTCP(t, g.address("tcp"))
	acceptTCP(t, l)
	var err error
	for err == nil { // it is not idle
		_, err = io.WriteString(client, "x")
		time.Sleep(10 * time.Millisecond)
	}
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	g.log.eventually(t, "its time is over")
}
