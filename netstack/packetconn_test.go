package netstack_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// newUDP returns two conns that are connected to each other.
func newUDP(t testing.TB, network, host string) (a, b net.Conn) {
	t.Helper()
	left, right := newPair(t)
	p, err := left.ListenPacket(network, net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	d := right.Dialer()
	b, err = d.Dial(network, p.LocalAddr().String())
	require.NoError(t, err)
	require.NoError(t, p.Close())
	l := left.Dialer()
	l.LocalAddr = p.LocalAddr().(*net.UDPAddr).AddrPort()
	a, err = l.Dial(network, b.LocalAddr().String())
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return a, b
}

func TestUDPRoundTrip(t *testing.T) {
	for network, host := range map[string]string{"udp4": left4, "udp6": left6, "udp": left4} {
		t.Run(network, func(t *testing.T) {
			a, b := newUDP(t, network, host)
			roundTrip(t, a, b)
			roundTrip(t, b, a)
		})
	}
}

// TestUDPDeadlines has of nettest.TestConn what does not need a stream's end.
func TestUDPDeadlines(t *testing.T) {
	for name, f := range map[string]func(t *testing.T, a, b net.Conn){
		"past": func(t *testing.T, a, _ net.Conn) {
			require.NoError(t, a.SetDeadline(time.Now().Add(-time.Hour)))
			for range 2 {
				_, err := a.Read(make([]byte, 9))
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
				_, err = a.Write([]byte("x"))
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			}
		},
		"present": func(t *testing.T, a, _ net.Conn) {
			later(func() { _ = a.SetReadDeadline(time.Now()) })
			_, err := a.Read(make([]byte, 9))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		},
		"moved": func(t *testing.T, a, b net.Conn) {
			require.NoError(t, a.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
			require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Hour)))
			later(func() { _, _ = b.Write([]byte("late")) })
			n, err := a.Read(make([]byte, 9))
			require.NoError(t, err)
			assert.Equal(t, 4, n)
		},
		"taken away": func(t *testing.T, a, b net.Conn) {
			require.NoError(t, a.SetDeadline(time.Now().Add(-time.Hour)))
			require.NoError(t, a.SetDeadline(time.Time{}))
			roundTrip(t, a, b)
			roundTrip(t, b, a)
		},
		"concurrent methods": func(_ *testing.T, a, b net.Conn) {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { _, _ = a.Read(make([]byte, 9)) })
				wg.Go(func() { _, _ = a.Write([]byte("x")) })
				wg.Go(func() { _ = a.SetDeadline(time.Now().Add(5 * time.Millisecond)) })
				wg.Go(func() { _, _ = b.Write([]byte("x")) })
				wg.Go(func() { _, _ = a.LocalAddr(), a.RemoteAddr() })
			}
			wg.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newUDP(t, "udp", left4)
			f(t, a, b)
		})
	}
}

// TestUDPManyPeers uses one conn as QUIC does: one reader, many writers, many peers of both
// families.
func TestUDPManyPeers(t *testing.T) {
	left, right := newPair(t)
	p, err := right.ListenPacket("udp", ":0")
	require.NoError(t, err)
	defer p.Close()
	port := p.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	echoed := make(chan struct{})
	go func() {
		defer close(echoed)
		b := make([]byte, 2048)
		for {
			n, from, err := p.(*netstack.UDPConn).ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = p.(*netstack.UDPConn).WriteToUDPAddrPort(b[:n], from)
		}
	}()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			host := netip.MustParseAddr([]string{right4, right6, "::ffff:" + right4}[i%3])
			c, err := left.ListenPacket("udp", ":0")
			if !assert.NoError(t, err) {
				return
			}
			defer c.Close()
			b := make([]byte, 2048)
			for j := range 50 {
				want := fmt.Sprintf("%d %d", i, j)
				_, err := c.WriteTo([]byte(want), net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, port)))
				assert.NoError(t, err)
				assert.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
				n, from, err := c.(*netstack.UDPConn).ReadFromUDP(b)
				if assert.NoError(t, err) {
					assert.Equal(t, want, string(b[:n]))
					assert.Equal(t, host.Unmap(), from.AddrPort().Addr())
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, p.Close())
	<-echoed
}

// TestUDPSizes sends datagrams of all sizes: empty ones too, and fragmented ones.
func TestUDPSizes(t *testing.T) {
	a, b := newUDP(t, "udp", left4)
	for _, n := range []int{0, 1, 1472, 1473, 9000, 65507} {
		_, err := a.Write(make([]byte, n))
		require.NoError(t, err)
		got, err := b.Read(make([]byte, 65536))
		require.NoError(t, err)
		assert.Equal(t, n, got)
	}
	_, err := a.Write([]byte("longer than the buffer"))
	require.NoError(t, err)
	_, err = a.Write([]byte("next"))
	require.NoError(t, err)
	p := make([]byte, 6)
	n, err := b.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "longer", string(p[:n]))
	n, err = b.Read(p)
	require.NoError(t, err)
	assert.Equal(t, "next", string(p[:n]))
}

func TestUDPMethods(t *testing.T) {
	left, right := newPair(t)
	p, err := left.ListenPacket("udp4", ":0")
	require.NoError(t, err)
	c := p.(*netstack.UDPConn)
	assert.Nil(t, c.RemoteAddr())
	require.NoError(t, c.SetReadBuffer(20_000))
	require.NoError(t, c.SetWriteBuffer(30_000))
	var r netstack.ReceiveBufferSizeOption
	require.NoError(t, c.Endpoint().GetSockOpt(&r))
	assert.EqualValues(t, 20_000, r)
	var w netstack.SendBufferSizeOption
	require.NoError(t, c.Endpoint().GetSockOpt(&w))
	assert.EqualValues(t, 30_000, w)
	assert.ErrorIs(t, c.SetReadBuffer(-1), netstack.ErrInvalidOptionValue)
	for _, to := range []net.Addr{nil, &net.TCPAddr{}, &net.UDPAddr{IP: net.ParseIP(right6), Port: 9}, &net.UDPAddr{Port: 9}} {
		_, err := c.WriteTo([]byte("x"), to)
		assert.Error(t, err, to)
	}
	_, err = c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("0.0.0.0:9"))
	assert.ErrorIs(t, err, netstack.ErrNoRoute) // 127.0.0.1, which this stack does not have
	six, err := right.ListenPacket("udp6", ":0")
	require.NoError(t, err)
	_, err = six.WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP(left4), Port: 9})
	assert.ErrorContains(t, err, "non-IPv6 address")
	_, err = six.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv6unspecified, Port: 9})
	assert.Error(t, err) // ::1
	_, err = six.WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP("fe80::1"), Zone: "nonsense", Port: 9})
	assert.ErrorContains(t, err, "no NIC of this name")
	require.NoError(t, c.Close())
	assert.ErrorIs(t, c.SetReadBuffer(1), net.ErrClosed)
}

// TestUDPStackClosed ends what waits with its stack.
func TestUDPStackClosed(t *testing.T) {
	left, _ := newPair(t)
	c, err := left.ListenPacket("udp", ":0")
	require.NoError(t, err)
	later(func() { _ = left.Close() })
	_, _, err = c.ReadFrom(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.ParseIP(right4), Port: 9})
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = left.Dial("tcp", right4+":80")
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = left.Listen("tcp", ":80")
	assert.ErrorIs(t, err, net.ErrClosed)
}

// TestUDPNoGarbage reads and writes without an allocation of the conn's own: what the engine
// allocates for a packet is counted with an endpoint.
func TestUDPNoGarbage(t *testing.T) {
	left, right := newPair(t)
	a, err := left.ListenPacket("udp4", ":0")
	require.NoError(t, err)
	b, err := right.ListenPacket("udp4", right4+":0")
	require.NoError(t, err)
	to := b.LocalAddr().(*net.UDPAddr).AddrPort()
	p := []byte("payload")
	full := netstack.FullAddress{Addr: to.Addr(), Port: to.Port()}
	e := a.(*netstack.UDPConn).Endpoint()
	engine := testing.AllocsPerRun(200, func() {
		_, err := e.Write(p, &full)
		require.NoError(t, err)
		_, _, err = b.(*netstack.UDPConn).ReadFromUDPAddrPort(p)
		require.NoError(t, err)
	})
	conn := testing.AllocsPerRun(200, func() {
		_, err := a.(*netstack.UDPConn).WriteToUDPAddrPort(p, to)
		require.NoError(t, err)
		_, _, err = b.(*netstack.UDPConn).ReadFromUDPAddrPort(p)
		require.NoError(t, err)
	})
	assert.LessOrEqual(t, conn, engine+1)
	t.Log(engine, conn)
}

// TestUDPPort: a port that is none is not cut to another one.
func TestUDPPort(t *testing.T) {
	left, _ := newPair(t)
	p, err := left.ListenPacket("udp4", left4+":0")
	require.NoError(t, err)
	defer p.Close()
	for _, port := range []int{-1, 65536, 70000} {
		_, err = p.WriteTo(nil, &net.UDPAddr{IP: net.ParseIP(right4), Port: port})
		require.ErrorIs(t, err, syscall.EINVAL)
		require.ErrorContains(t, err, fmt.Sprintf("%s:%d: port is not 0 to 65535", right4, port))
	}
}
