package tunx_test

import (
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// noLeak checks at the end of the test that goroutines and descriptors are back to what
// they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	// The first socket of a process opens the poller, which stays.
	first, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, first.Close())
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds for moments.
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

// patience is how long a test waits for what has to happen at once.
const patience = 30 * time.Second

// eventually waits for a condition.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if f() {
			return
		}
	}
	require.Fail(t, what)
}

// udpEcho answers each datagram from its own address, and ends with the test.
func udpEcho(t testing.TB, address string) netip.AddrPort {
	t.Helper()
	pc, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	var group sync.WaitGroup
	group.Go(func() {
		c := pc.(*net.UDPConn)
		for p := make([]byte, 1<<16); ; {
			n, from, err := c.ReadFromUDPAddrPort(p)
			if err != nil {
				return
			}
			c.WriteToUDPAddrPort(p[:n], from)
		}
	})
	t.Cleanup(func() {
		pc.Close()
		group.Wait()
	})
	return pc.LocalAddr().(*net.UDPAddr).AddrPort()
}

// direct is a proxy that sends from sockets of this machine.
func direct(t testing.TB, options ...func(*tunx.PacketListenerProxy) error) *tunx.PacketListenerProxy {
	t.Helper()
	p, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"), options...)
	require.NoError(t, err)
	return p
}

// answer is one that a session got.
type answer struct {
	text          string
	remote, local netip.AddrPort
}

// answers collects them.
type answers chan answer

func (a answers) reply(p []byte, remote, local netip.AddrPort) error {
	a <- answer{string(p), remote, local}
	return nil
}

// next waits for one.
func (a answers) next(t testing.TB) answer {
	t.Helper()
	select {
	case got := <-a:
		return got
	case <-time.After(patience):
		require.Fail(t, "no answer")
		return answer{}
	}
}

// newSessions makes a table that has to be possible, and closes it with the test.
func newSessions(t testing.TB, p tunx.PacketProxy, a answers, c *tunx.SessionConfig) *tunx.Sessions {
	t.Helper()
	s, err := tunx.NewSessions(p, a.reply, c)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// local is an address of the other side of a table.
func local(port int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 1}), uint16(port))
}

// closedPort returns an address at which nobody listens: that of a socket which takes from
// another one only, so that no other process can have it meanwhile.
func closedPort(t *testing.T, address string) netip.AddrPort {
	t.Helper()
	local := net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address))
	c, err := net.DialUDP("udp", local, &net.UDPAddr{IP: local.IP, Port: 9})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}
