package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// converseBytes sends a text to an echo and compares.
func converseBytes(c net.Conn, text string) error {
	return (&streamCaller{conn: c}).call([]byte(text))
}

// The socket of a listener can come from the process that starts the gateway.
func TestInheritedSocket(t *testing.T) {
	settled(t)
	p := spawnInheriting(t, `
upstreams: [{name: up, echo: tcp}]
listeners:
  - {name: fd, address: "fd://3", routes: [{upstream: up}]}
  - {name: systemd, address: "systemd://web", routes: [{upstream: up}]}
`, map[string]*net.TCPListener{"other": listenTCP(t), "web": listenTCP(t)})
	for _, name := range []string{"fd", "systemd"} {
		c := dialTCP(t, p.address(t, name))
		assert.NoError(t, converseBytes(c, "hello "+name))
		require.NoError(t, c.Close())
	}
	p.terminate(t)
	assert.Equal(t, 0, p.ended(t))
}
