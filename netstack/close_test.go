package netstack_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// line is three stacks in a row, of which the middle one forwards.
type line struct {
	left, middle, right *netstack.Stack
	rightDev            tunx.IPDevice // of the middle
}

func newLine(t testing.TB) *line {
	t.Helper()
	a, b := tunx.Pipe(1500)
	c, d := tunx.Pipe(1500)
	l := &line{rightDev: c}
	host := func(forwards bool) *netstack.Stack {
		s, err := netstack.New(&netstack.Config{Forwarding: forwards})
		require.NoError(t, err)
		return s
	}
	l.left, l.middle, l.right = host(false), host(true), host(false)
	nic := func(s *netstack.Stack, id netstack.NICID, dev tunx.IPDevice, addr string) {
		require.NoError(t, s.CreateNIC(id, dev))
		require.NoError(t, s.AddAddress(id, netip.MustParsePrefix(addr)))
	}
	nic(l.left, 1, a, "10.1.0.1/24")
	nic(l.middle, 1, b, "10.1.0.2/24")
	nic(l.middle, 2, c, "10.2.0.2/24")
	nic(l.right, 1, d, "10.2.0.1/24")
	all := netip.MustParsePrefix("0.0.0.0/0")
	require.NoError(t, l.left.SetRouteTable([]netstack.Route{{Destination: all, NIC: 1}}))
	require.NoError(t, l.right.SetRouteTable([]netstack.Route{{Destination: all, NIC: 1}}))
	require.NoError(t, l.middle.SetRouteTable([]netstack.Route{
		{Destination: netip.MustParsePrefix("10.1.0.0/24"), NIC: 1},
		{Destination: netip.MustParsePrefix("10.2.0.0/24"), NIC: 2},
	}))
	return l
}

// flood sends from one stack to the other until the context ends: streams, datagrams to
// ports with and without listener, and conns that come and go.
func flood(ctx context.Context, wg *sync.WaitGroup, from, to *netstack.Stack, toAddr string, moved *atomic.Int64) {
	l, err := to.Listen("tcp", toAddr+":80")
	if err != nil {
		return
	}
	context.AfterFunc(ctx, func() { l.Close() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { answer(c, moved) })
		}
	})
	wg.Go(func() { stream(ctx, from, toAddr, 1<<40) })
	wg.Go(func() {
		for ctx.Err() == nil {
			stream(ctx, from, toAddr, 1<<20)
		}
	})
	for _, port := range []string{":53", ":54"} {
		wg.Go(func() {
			c, err := from.Dial("udp", toAddr+port)
			if err != nil {
				return
			}
			defer c.Close()
			for p := make([]byte, 3000); ctx.Err() == nil; time.Sleep(time.Millisecond) {
				for range 8 { // streams should get somewhere, too
					_, _ = c.Write(p)
				}
			}
		})
	}
}

// answer sends some of what comes back.
func answer(c net.Conn, moved *atomic.Int64) {
	defer c.Close()
	p := make([]byte, 64<<10)
	for {
		n, err := c.Read(p)
		moved.Add(int64(n))
		if err != nil {
			return
		}
		if _, err := c.Write(p[:n/16]); err != nil {
			return
		}
	}
}

// stream sends size bytes, and reads what comes.
func stream(ctx context.Context, from *netstack.Stack, toAddr string, size int) {
	c, err := from.DialContext(ctx, "tcp", toAddr+":80")
	if err != nil {
		return
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	defer c.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, c)
	}()
	p := make([]byte, 64<<10)
	for ; size > 0; size -= len(p) {
		if _, err := c.Write(p); err != nil {
			break
		}
	}
	c.Close()
	<-done
}

func within(t testing.TB, d time.Duration, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(d):
		buf := make([]byte, 4<<20)
		t.Fatalf("%s hangs\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// Stacks close while floods cross them, from the middle or the ends, twice at once.
func TestCloseUnderFlood(t *testing.T) {
	noLeak(t)
	for range 3 {
		l := newLine(t)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		var moved atomic.Int64
		flood(ctx, &wg, l.left, l.right, "10.2.0.1", &moved)
		flood(ctx, &wg, l.right, l.left, "10.1.0.1", &moved)
		require.Eventually(t, func() bool { return moved.Load() > 128<<10 }, time.Minute, time.Millisecond)
		for _, s := range []*netstack.Stack{l.middle, l.left, l.right} {
			within(t, time.Minute, "Close", func() {
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() { assert.NoError(t, s.Close()) })
				}
				both.Wait()
			})
		}
		cancel()
		within(t, time.Minute, "flood", wg.Wait)
	}
}

// NICs come and go while floods cross the stack.
func TestRemoveNICUnderFlood(t *testing.T) {
	noLeak(t)
	l := newLine(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var moved atomic.Int64
	flood(ctx, &wg, l.left, l.right, "10.2.0.1", &moved)
	flood(ctx, &wg, l.right, l.left, "10.1.0.1", &moved)
	require.Eventually(t, func() bool { return moved.Load() > 128<<10 }, time.Minute, time.Millisecond)
	// Traffic of the first NIC goes on: to the middle itself, and to NICs that go.
	for i := range 20 {
		a, b := tunx.Pipe(1500)
		id := netstack.NICID(10 + i)
		within(t, time.Minute, "RemoveNIC", func() {
			assert.NoError(t, l.middle.CreateNIC(id, a))
			assert.NoError(t, l.middle.AddAddress(id, netip.MustParsePrefix("10.3.0.1/24")))
			assert.NoError(t, l.middle.RemoveNIC(id))
		})
		_, err := b.Write([]byte{0x45})
		require.ErrorIs(t, err, net.ErrClosed)
	}
	within(t, time.Minute, "RemoveNIC", func() { assert.NoError(t, l.middle.RemoveNIC(2)) })
	for _, s := range []*netstack.Stack{l.left, l.right, l.middle} {
		within(t, time.Minute, "Close", func() { assert.NoError(t, s.Close()) })
	}
	cancel()
	within(t, time.Minute, "flood", wg.Wait)
}
