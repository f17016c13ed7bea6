package main

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// places asks an upstream through the gateway, n times on new conns, whom it
// sees.
func places(t *testing.T, keys string, n int) (ips []string, ports []int) {
	t.Helper()
	l := listenTCP(t)
	g := start(t, front(l.Addr().String(), keys), nil)
	for range n {
		c := dialTCP(t, g.address("tcp"))
		from := acceptTCP(t, l).RemoteAddr().(*net.TCPAddr)
		ips, ports = append(ips, from.IP.String()), append(ports, from.Port)
		require.NoError(t, c.Close())
	}
	return ips, ports
}

// The upstream sees the source addresses that the file names, in turn or always
// the same for one target. All of 127.0.0.0/8 is there on Linux.
func TestLocalAddresses(t *testing.T) {
	settled(t)
	ips, _ := places(t, "dial: {local_addr: 127.0.0.7}", 1)
	assert.Equal(t, []string{"127.0.0.7"}, ips)
	ips, _ = places(t, "dial: {local_addrs: [127.0.0.2, 127.0.0.3]}", 4)
	assert.Equal(t, []string{"127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"}, ips)
	ips, _ = places(t, "dial: {local_addrs: [127.0.0.2, 127.0.0.3], local_policy: hash}", 4)
	assert.Equal(t, ips[0], ips[3])
}

func TestLocalPorts(t *testing.T) {
	settled(t)
	_, ports := places(t, "dial: {local_ports: 50000-50200}", 3)
	for _, port := range ports {
		assert.True(t, port >= 50000 && port <= 50200, port)
	}
}

// A rewrite leads a name that nobody can resolve to a unix socket, for bytes and
// for requests.
func TestRewrites(t *testing.T) {
	settled(t)
	path := filepath.Join(t.TempDir(), "up")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(echoRequest)}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	g := start(t, front("up.invalid:80",
		fmt.Sprintf(`dial: {rewrites: ["(tcp|other.invalid:80) (tcp|127.0.0.1:1)", "(tcp|*.invalid:80) (unix|%s)"]}`, path)), nil)
	for _, way := range ways {
		res, err := client(t, way.version, g.roots()).Get(g.url(way.listener, way.scheme, "/x"))
		require.NoError(t, err)
		assert.Contains(t, readAll(t, res), "GET /x ")
	}
	assert.True(t, echoes(g.address("tcp")))
}

// The keys of a dialer that need no other proof than that the conn is there.
func TestDialKeys(t *testing.T) {
	for _, keys := range []string{
		"interface: lo", "netns: /proc/self/ns/net", "family: only_ipv4", "family: prefer_ipv6", "multipath: prefer",
		`multipath: "off"`, "fallback_delay: 50ms, address_timeout: 2s", "fallback_delay: -1s",
	} {
		t.Run(keys, func(t *testing.T) {
			settled(t)
			if strings.HasPrefix(keys, "netns") {
				namespace(t, func() {}) // or skips: who may make one may enter this one
			}
			l := listenTCP(t)
			g := start(t, limitedUpstream(fmt.Sprintf("localhost:%d", l.Addr().(*net.TCPAddr).Port), "dial: {"+keys+"}"), nil)
			c := dialTCP(t, g.address("tcp"))
			say(t, c, "hello")
			require.NoError(t, c.CloseWrite())
			server := acceptTCP(t, l)
			hear(t, server, "hello")
			require.NoError(t, server.Close())
		})
	}
}

// The times of keep-alive probes reach the conns to the upstream.
func TestKeepAliveOfUpstream(t *testing.T) {
	settled(t)
	l := listenTCP(t)
	seen := make(chan map[string]int, 1)
	g := start(t, limitedUpstream(l.Addr().String(), "dial: {keep_alive: {idle: 41s, count: 3}}"), func(s Socket) {
		if s.Role == RoleUpstream {
			seen <- kernelSays(t, s)
		}
	})
	dialTCP(t, g.address("tcp"))
	select {
	case said := <-seen:
		want(t, said, "upstream", map[string]int{"TCP_KEEPIDLE": 41, "TCP_KEEPCNT": 3})
	case <-time.After(patience):
		t.Fatal("no conn to the upstream")
	}
	require.NoError(t, l.Close()) // resets the conn, which the gateway would drain
}
