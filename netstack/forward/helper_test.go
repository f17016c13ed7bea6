package forward_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// The addresses of the clients' network.
var (
	client4 = netip.MustParsePrefix("10.7.0.1/24")
	client6 = netip.MustParsePrefix("fd07::1/64")
)

const (
	server4 = "192.0.2.7"
	server6 = "2001:db8::7"
)

// open forwards the traffic of a pipe, at whose other end is a stack for clients.
func open(t *testing.T, cfg *forward.Config) (*netstack.Stack, *forward.Forwarder) {
	t.Helper()
	inside, outside := tunx.Pipe(1500)
	f, err := forward.New(outside, cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return clientOf(t, inside), f
}

// clientOf returns a stack for clients on dev.
func clientOf(t *testing.T, dev tunx.IPDevice) *netstack.Stack {
	t.Helper()
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, dev))
	require.NoError(t, s.AddAddress(1, client4))
	require.NoError(t, s.AddAddress(1, client6))
	require.NoError(t, s.SetRouteTable([]netstack.Route{
		{Destination: netip.MustParsePrefix("0.0.0.0/0"), NIC: 1}, {Destination: netip.MustParsePrefix("::/0"), NIC: 1},
	}))
	return s
}

// streams is a dialer made of a function.
type streams func(ctx context.Context, address string) (tunx.StreamConn, error)

func (d streams) DialStream(ctx context.Context, address string) (tunx.StreamConn, error) {
	return d(ctx, address)
}

// to dials the listener, whatever the address is.
func to(l net.Listener) streams {
	return func(ctx context.Context, _ string) (tunx.StreamConn, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, l.Addr().Network(), l.Addr().String())
		if err != nil {
			return nil, err
		}
		return c.(tunx.StreamConn), nil
	}
}

// serve accepts conns on loopback and hands each to h, until the test ends.
func serve(t *testing.T, h func(*net.TCPConn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				h(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
	return l
}

// echo sends back what comes, and ends when the client does.
func echo(c *net.TCPConn) {
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
}

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
		var g, f int
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		buf := make([]byte, 1<<20)
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d\n%s", g, goroutines, f, fds, buf[:runtime.Stack(buf, true)])
	})
}

// dial connects a client and ends the conn with the test.
func dial(t *testing.T, s *netstack.Stack, address string) net.Conn {
	t.Helper()
	c, err := s.DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}
