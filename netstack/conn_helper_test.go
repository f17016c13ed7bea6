package netstack_test

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// The addresses of the two stacks of newPair.
const (
	left4, right4 = "192.0.2.1", "192.0.2.2"
	left6, right6 = "2001:db8::1", "2001:db8::2"
)

// newPair returns two stacks that a pipe joins.
func newPair(t testing.TB) (left, right *netstack.Stack) {
	t.Helper()
	a, b := tunx.Pipe(1500)
	return newHost(t, a, left4, left6), newHost(t, b, right4, right6)
}

// newHost returns a stack with the device as its NIC 1.
func newHost(t testing.TB, dev tunx.IPDevice, addrs ...string) *netstack.Stack {
	t.Helper()
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	require.NoError(t, s.CreateNIC(1, dev))
	for _, a := range addrs {
		ip := netip.MustParseAddr(a)
		bits := 24
		if ip.Is6() {
			bits = 64
		}
		require.NoError(t, s.AddAddress(1, netip.PrefixFrom(ip, bits)))
	}
	s.SetRouteTable([]netstack.Route{
		{Destination: netip.MustParsePrefix("192.0.2.0/24"), NIC: 1},
		{Destination: netip.MustParsePrefix("2001:db8::/64"), NIC: 1},
	})
	return s
}

// newTCP returns the two ends of a conn from left to right.
func newTCP(t testing.TB, left, right *netstack.Stack) (dialled, accepted *netstack.TCPConn) {
	t.Helper()
	l, err := right.Listen("tcp", right4+":0")
	require.NoError(t, err)
	defer l.Close()
	c, err := left.DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	a, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = c.Close()
		_ = a.Close()
	})
	return c.(*netstack.TCPConn), a.(*netstack.TCPConn)
}

// roundTrip proves that a conn works.
func roundTrip(t testing.TB, one, two net.Conn) {
	t.Helper()
	_, err := one.Write([]byte("hello"))
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(two, got)
	require.NoError(t, err)
	require.Equal(t, "hello", string(got))
}

// later runs f while the caller waits for something else.
func later(f func()) { time.AfterFunc(20*time.Millisecond, f) }
