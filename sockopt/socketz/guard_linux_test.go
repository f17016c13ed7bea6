package socketz_test

import (
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/sockopt/socketz"
)

// A client at an address that is not loopback's is refused, whatever Host it sends; with AllowRemote it is served.
func TestOffLoopback(t *testing.T) {
	need(t, "root", isRoot())
	ip, err := exec.LookPath("ip")
	need(t, "ip", err == nil)
	noLeak(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlock: the thread, which has a namespace of its own, ends
		if !assert.NoError(t, unix.Unshare(unix.CLONE_NEWNET)) {
			return
		}
		for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", "192.0.2.1/32", "dev", "lo"}} {
			out, err := exec.Command(ip, args...).CombinedOutput()
			assert.NoError(t, err, string(out))
		}
		var r socketz.Registry
		assert.Equal(t, 200, status(t, "127.0.0.1", r.Handler(nil)))
		assert.Equal(t, 403, status(t, "192.0.2.1", r.Handler(nil)))
		assert.Equal(t, 200, status(t, "192.0.2.1", r.Handler(&socketz.Config{AllowRemote: true})))
	}()
	<-done
}

// status asks for a page by an address, of a server at all of them, and claims another host.
func status(t *testing.T, address string, h http.Handler) int {
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	require.NoError(t, err)
	s := &http.Server{Handler: h, ReadHeaderTimeout: eventually}
	over := make(chan error, 1)
	go func() { over <- s.Serve(l) }()
	defer func() {
		s.Close()
		<-over
	}()
	c, err := net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.ParseIP(address), Port: l.Addr().(*net.TCPAddr).Port})
	require.NoError(t, err)
	defer c.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/", http.NoBody)
	require.NoError(t, err)
	require.NoError(t, req.Write(c))
	b := make([]byte, len("HTTP/1.1 200"))
	_, err = c.Read(b)
	require.NoError(t, err)
	return map[string]int{"HTTP/1.1 200": 200, "HTTP/1.1 403": 403}[string(b)]
}

// isRoot is false also for the root of a container, which lacks capabilities.
func isRoot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const wanted = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&wanted == wanted
}
