package main

import (
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers of <linux/tcp.h> that package syscall lacks.
const tcpUserTimeout = 18

// optioned has a listener of each kind whose sockets, and those of its
// upstream, differ from what net and the kernel make of them. That is
// TCP_NODELAY 1, keep-alive after 15 s, and 9 probes.
func optioned(upstream string) string {
	listener := `
  - name: %s
    address: "127.0.0.1:0"
    protocol: %s
    %s
    options: {TCP_NODELAY: false, TCP_KEEPIDLE: 33s, SO_PRIORITY: 3, IP_TTL: 44}
    prefer: {TCP_FASTOPEN: 17}
    routes: [{upstream: up}]`
	return fmt.Sprintf(`
upstreams:
  - name: up
    address: "%s"
    dial:
      options: {TCP_KEEPCNT: 5, TCP_KEEPIDLE: 55s, SO_PRIORITY: 5}
      prefer: {TCP_USER_TIMEOUT: 21s}
listeners:`, upstream) +
		fmt.Sprintf(listener, "tcp", "tcp", "") +
		fmt.Sprintf(listener, "tcp-tls", "tcp", "self_signed: [localhost, 127.0.0.1]") +
		fmt.Sprintf(listener, "http", "http", "") +
		fmt.Sprintf(listener, "https", "http", "self_signed: [localhost, 127.0.0.1]")
}

// kernelSays reads integer options without the help of the module under test.
func kernelSays(t *testing.T, s Socket) map[string]int {
	t.Helper()
	said := map[string]int{}
	raw, err := s.Conn.SyscallConn()
	require.NoError(t, err)
	err = raw.Control(func(fd uintptr) {
		for name, o := range map[string][2]int{
			"TCP_NODELAY":      {syscall.IPPROTO_TCP, syscall.TCP_NODELAY},
			"TCP_KEEPIDLE":     {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
			"TCP_KEEPCNT":      {syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
			"TCP_USER_TIMEOUT": {syscall.IPPROTO_TCP, tcpUserTimeout},
			"TCP_FASTOPEN":     {syscall.IPPROTO_TCP, 23},
			"SO_PRIORITY":      {syscall.SOL_SOCKET, syscall.SO_PRIORITY},
			"IP_TTL":           {syscall.IPPROTO_IP, syscall.IP_TTL},
		} {
			v, err := syscall.GetsockoptInt(int(fd), o[0], o[1])
			assert.NoError(t, err, name)
			said[name] = v
		}
	})
	require.NoError(t, err)
	return said
}

// want compares a part of what the kernel says.
func want(t *testing.T, said map[string]int, of string, options map[string]int) {
	t.Helper()
	require.NotNil(t, said, "no %s socket was seen", of)
	for name, v := range options {
		assert.Equal(t, v, said[name], "%s on the %s socket", name, of)
	}
}

// The options are on the listening, the accepted and the upstream's sockets of
// each kind of listener.
func TestOptionsAreOnTheSockets(t *testing.T) {
	for _, name := range []string{"tcp", "tcp-tls", "http", "https"} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			var mu sync.Mutex
			said := map[Role]map[string]int{}
			g := start(t, optioned(upstream(t, echoRequest)), func(s Socket) {
				mu.Lock()
				defer mu.Unlock()
				if s.Role == RoleUpstream || s.Name == name {
					said[s.Role] = kernelSays(t, s)
				}
			})
			scheme := "http"
			if name == "https" || name == "tcp-tls" {
				scheme = "https"
			}
			res, err := client(t, "HTTP/1.1", g.roots()).Get(g.url(name, scheme, "/"))
			require.NoError(t, err)
			readAll(t, res)
			require.Equal(t, http.StatusOK, res.StatusCode)
			mu.Lock()
			defer mu.Unlock()
			want(t, said[RoleListener], "listening", map[string]int{"TCP_FASTOPEN": 17, "IP_TTL": 44})
			want(t, said[RoleAccepted], "accepted", map[string]int{
				"TCP_NODELAY": 0, "TCP_KEEPIDLE": 33, "SO_PRIORITY": 3, "IP_TTL": 44,
			})
			want(t, said[RoleUpstream], "upstream", map[string]int{
				"TCP_KEEPCNT": 5, "TCP_KEEPIDLE": 55, "SO_PRIORITY": 5, "TCP_USER_TIMEOUT": 21000,
			})
		})
	}
}
