//go:build !plan9

package simnet_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// nth is a context that does something when its error is asked for the nth time: what
// happens in the middle of a call.
type nth struct {
	context.Context //nolint:containedctx // it is one
	n               int
	do              func()
}

func (c *nth) Err() error {
	if c.n--; c.n == 0 {
		c.do()
	}
	return c.Context.Err()
}

// A context that ends at any moment of a dial ends it, and no SYN is left behind.
func TestDial_Cancelled(t *testing.T) {
	for _, name := range []string{"lookup", "connect", "wait"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network(t, simnet.Config{Link: simnet.Link{Latency: time.Millisecond}, MaxEvents: 100})
				a, b := host(t, n, "a"), host(t, n, "b")
				l, err := b.Listen(":80")
				require.NoError(t, err)
				inner, cancel := context.WithCancel(t.Context())
				defer cancel()
				ctx := &nth{inner, 1 + slices.Index([]string{"lookup", "connect", "wait"}, name), cancel}
				_, err = a.Dial(ctx, "b:80")
				fails(t, err, "dial", context.Canceled)
				time.Sleep(time.Second)
				assert.Empty(t, slices.Collect(n.Trace()))
				c, err := a.Dial(t.Context(), "b:80")
				require.NoError(t, err)
				assert.Equal(t, 32768, c.LocalAddr().(*net.TCPAddr).Port, "the first one")
				d, err := l.Accept()
				require.NoError(t, err)
				assert.Equal(t, c.LocalAddr(), d.RemoteAddr())
			})
		})
	}
}

// A context that has ended ends a dial that looks up nothing too.
func TestDial_CancelledBefore(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, _ *simnet.Host) {
		_, err := a.Listen(":80")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		fails(t, second(a.Dial(ctx, ":80")), "dial", context.Canceled)
		fails(t, second(a.Dialer().DialContext(ctx, "udp", ":80")), "dial", context.Canceled)
		_, err = a.Resolver().LookupHost(ctx, "a")
		require.ErrorIs(t, err, context.Canceled)
	})
}

// A host that loses its power in the middle of a call fails it, and has nothing open
// when the power is there again.
func TestHost_CrashMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		_, err := b.Listen(":80")
		require.NoError(t, err)
		for _, each := range []struct {
			op   string
			n    int
			call func(context.Context) error
		}{
			{"dial", 1, func(ctx context.Context) error { return second(a.Dial(ctx, "b:80")) }},
			{"dial", 2, func(ctx context.Context) error { return second(a.Dial(ctx, "b:80")) }},
			{"dial", 1, func(ctx context.Context) error { return second(a.Dialer().DialContext(ctx, "udp", "b:53")) }},
			{"listen", 1, func(ctx context.Context) error { return second(a.ListenContext(ctx, ":80")) }},
		} {
			fails(t, each.call(&nth{t.Context(), each.n, a.Crash}), each.op, virtnet.ErrHostDown)
			a.Restart()
		}
		_, err = a.Listen(":80")
		require.NoError(t, err)
	})
}

// Who waits for a place in a backlog when his host loses its power does not get one.
func TestDial_CrashWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Order: simnet.OrderDirect, Backlog: 1})
		a, b, other := host(t, n, "a"), host(t, n, "b"), host(t, n, "other")
		l, err := b.Listen(":80")
		require.NoError(t, err)
		_, err = other.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		done := make(chan error)
		go func() { done <- second(a.Dial(t.Context(), "b:80")) }()
		synctest.Wait()
		a.Crash()
		_, err = l.Accept()
		require.NoError(t, err)
		fails(t, <-done, "dial", virtnet.ErrHostDown)
		_, err = other.Dial(t.Context(), "b:80") // the place is free
		require.NoError(t, err)
	})
}

// A dial that comes between the two halves of a crash is refused, and leaves no conn,
// no port and no place of the backlog taken.
func TestDial_HalfCrashed(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect, Backlog: 1})
	a, b := host(t, n, "a"), host(t, n, "b")
	l, err := b.Listen(":80")
	require.NoError(t, err)
	simnet.HalfCrash(b)
	for range 2 {
		err = simnet.DialDirect(t.Context(), a, b, netip.MustParseAddrPort("10.0.0.2:80"))
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
	b.Restart()
	c, err := a.Dial(t.Context(), "b:80")
	require.NoError(t, err)
	d, err := l.Accept()
	require.NoError(t, err)
	say(t, c, "after all")
	hear(t, d, "after all")
}

// A SYN that is sent again is refused if the host that had taken it has restarted.
func TestDial_Restarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := simnet.Link{Latency: 10 * time.Millisecond}
		n := network(t, simnet.Config{Link: link, MaxEvents: 100})
		a, b := host(t, n, "a"), host(t, n, "b")
		_, err := b.Listen(":80")
		require.NoError(t, err)
		require.NoError(t, n.SetLink("b", "a", simnet.Link{Loss: 1}))
		done := make(chan error)
		go func() { done <- second(a.Dial(t.Context(), "b:80")) }()
		time.Sleep(100 * time.Millisecond) // the SYN has come, the answer was lost
		b.Crash()
		b.Restart()
		require.NoError(t, n.SetLink("b", "a", link))
		_, err = b.Listen(":80")
		require.NoError(t, err)
		fails(t, <-done, "dial", syscall.ECONNREFUSED)
		c, d := pair(t, a, b)
		say(t, c, "a new one")
		hear(t, d, "a new one")
	})
}

// No address in particular is the host itself, as for package net.
func TestDial_Unspecified(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	a := host(t, n, "a", "192.0.2.1", "2001:db8::1")
	_, err := a.Listen(":80")
	require.NoError(t, err)
	for _, addr := range []string{":80", "0.0.0.0:80", "[::]:80"} {
		_, err = a.Dial(t.Context(), addr)
		require.NoError(t, err, addr)
	}
	s, err := a.ListenPacket(":53")
	require.NoError(t, err)
	_, err = s.(*simnet.PacketConn).WriteToUDPAddrPort([]byte("to myself"), netip.MustParseAddrPort("0.0.0.0:53"))
	require.NoError(t, err)
	k, _, err := s.ReadFrom(make([]byte, 100))
	require.NoError(t, err)
	assert.Equal(t, len("to myself"), k)
}

// What is still on its way from a conn is not taken for that of another one, which has
// its port.
func TestDial_PortComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Order: simnet.OrderDirect, Names: true})
		a, b := host(t, n, "a"), host(t, n, "b")
		l, err := b.Listen(":80")
		require.NoError(t, err)
		first, err := a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		_, err = l.Accept()
		require.NoError(t, err)
		require.NoError(t, n.SetLink("a", "b", simnet.Link{Latency: time.Second}))
		require.NoError(t, first.(*simnet.Conn).Abort())
		time.Sleep(time.Millisecond) // the reset is on its way
		require.NoError(t, n.SetLink("a", "b", simnet.Link{}))
		again, err := a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		require.Equal(t, first.LocalAddr(), again.LocalAddr())
		accepted, err := l.Accept()
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		say(t, accepted, "hello")
		hear(t, again, "hello")
	})
}

// A dial that gets a port of a conn to the same peer takes another one.
func TestDial_SamePorts(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	a, b := host(t, n, "a"), host(t, n, "b")
	l, err := b.Listen(":32768")
	require.NoError(t, err)
	c, err := a.Dial(t.Context(), "b:32768")
	require.NoError(t, err)
	require.Equal(t, "10.0.0.1:32768", c.LocalAddr().String())
	d, err := l.Accept()
	require.NoError(t, err)
	require.NoError(t, l.Close()) // the port is free, but for the conn
	l, err = a.Listen(":32768")
	require.NoError(t, err)
	back, err := b.Dial(t.Context(), "a:32768")
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.2:32769", back.LocalAddr().String())
	e, err := l.Accept()
	require.NoError(t, err)
	say(t, c, "there")
	hear(t, d, "there")
	say(t, back, "back")
	hear(t, e, "back")
}
