package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// waiting is a tcp listener that waits for first bytes, in front of upstream.
func waiting(upstream, wait string) string {
	return limited(upstream, "first_bytes_wait: "+wait)
}

// Bytes that the client sends at once go with the dial, whole and in order, and
// a client that has nothing to say, or ends at once, is served too.
func TestFirstBytes(t *testing.T) {
	for name, first := range map[string]string{
		"few": "hello", "many": strings.Repeat("0123456789", 2000), "none": "",
	} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			l := listenTCP(t)
			g := start(t, waiting(l.Addr().String(), "100ms"), nil)
			c := dialTCP(t, g.address("tcp"))
			say(t, c, first)
			require.NoError(t, c.CloseWrite())
			server := acceptTCP(t, l)
			hear(t, server, first)
			say(t, server, "bye")
			require.NoError(t, server.Close())
			hear(t, c, "bye")
			g.log.eventually(t, fmt.Sprintf("sent=%d ", len(first)))
		})
	}
}

// In a protocol in which the server speaks first the client gets its greeting
// after the wait.
func TestServerSpeaksFirst(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	g := start(t, waiting(l.Addr().String(), "100ms"), nil)
	begin := time.Now()
	c := dialTCP(t, g.address("tcp"))
	server := acceptTCP(t, l)
	assert.GreaterOrEqual(t, time.Since(begin), 90*time.Millisecond)
	say(t, server, "220 hello")
	buf := make([]byte, 9)
	_, err := c.Read(buf)
	require.NoError(t, err)
	time.Sleep(200 * time.Millisecond) // the deadline of the wait must not stand
	say(t, c, "HELO")
	require.NoError(t, c.CloseWrite())
	hear(t, server, "HELO")
	require.NoError(t, server.Close())
	hear(t, c, "")
}

// A client that breaks off during the wait costs no dial.
func TestResetDuringWait(t *testing.T) {
	settled(t)
	g := start(t, waiting(closedPort(t), "10s"), nil)
	c := dialTCP(t, g.address("tcp"))
	require.NoError(t, c.SetLinger(0))
	require.NoError(t, c.Close())
	g.log.eventually(t, "connection reset by peer")
	assert.NotContains(t, g.log.String(), "refused")
}

// With TCP Fast Open on both sides the second dial's bytes are in the SYN: the
// server has them before it could have answered.
func TestFastOpen(t *testing.T) {
	settled(t)
	l, namespace := listenIn(t, "/proc/sys/net/ipv4/tcp_fastopen", "3")
	require.NoError(t, sockopt.TCPFastOpen.Set(l, 16))
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, address: "%s", dial: {netns: %s}}]
listeners: [{name: tcp, address: "127.0.0.1:0", first_bytes_wait: 5s, routes: [{upstream: up}]}]
`, l.Addr(), namespace), nil)
	opened := false
	for range 3 {
		c := dialTCP(t, g.address("tcp"))
		say(t, c, "first bytes")
		server := acceptTCP(t, l)
		info, err := sockopt.TCPInfo(server)
		require.NoError(t, err)
		opened = opened || info.FastOpen
		require.NoError(t, c.Close())
		hear(t, server, "first bytes")
		require.NoError(t, server.Close())
	}
	assert.True(t, opened)
}
