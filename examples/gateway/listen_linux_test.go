package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A listener with a unix socket, a TCP port and a range of ports serves on all.
func TestSeveralAddresses(t *testing.T) {
	settled(t)
	low := freePorts(t, "127.0.0.1", 3)
	path := filepath.Join(t.TempDir(), "sock")
	g := start(t, fmt.Sprintf(`
upstreams: [{name: up, echo: tcp}]
listeners:
  - name: many
    address: unix://%s
    addresses: ["tcp://127.0.0.1:0", "tcp4://127.0.0.1:%d-%d"]
    unix_mode: "0620"
    unix_owner: {uid: %d, gid: %d}
    shards: 1
    routes: [{upstream: up}]
`, path, low, low+2, os.Getuid(), os.Getgid()), nil)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o620), info.Mode().Perm())
	dial := []string{"unix " + path}
	for _, a := range g.Addrs("many")[1:] {
		dial = append(dial, a.Network()+" "+a.String())
	}
	require.Len(t, dial, 5)
	assert.Contains(t, dial, fmt.Sprintf("tcp 127.0.0.1:%d", low+2))
	for _, to := range dial {
		network, address, _ := strings.Cut(to, " ")
		c, err := net.Dial(network, address)
		require.NoError(t, err, to)
		assert.NoError(t, converseBytes(c, to), to)
		require.NoError(t, c.Close())
	}
}

// Shards share a port, and the options and times of probes are on each conn.
func TestShards(t *testing.T) {
	settled(t)
	g := start(t, `
upstreams: [{name: up, echo: http}]
listeners:
  - name: http
    address: 127.0.0.1:0
    protocol: http
    shards: 3
    multipath: "off"
    keep_alive: {idle: 40s, interval: 4s, count: 3}
    routes: [{upstream: up}]
`, nil)
	assert.Len(t, g.Addrs("http"), 1)
	for range 20 {
		assert.True(t, echoes(g.address("http")))
	}
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
