package netstack_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// kernelHost is the kernel's stack in a namespace of its own.
type kernelHost struct{ ns *os.File }

// newKernelHost returns a stack of ours and one of the kernel's, which have the addresses
// of stacks one and two.
func newKernelHost(t *testing.T) (*netstack.Stack, *kernelHost) {
	t.Helper()
	k := new(kernelHost)
	var err error
	onLostThread(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			k.ns, err = os.Open("/proc/thread-self/ns/net")
		}
	})
	if errors.Is(err, os.ErrPermission) && os.Getenv("CI") != "true" {
		t.Skip("a network namespace needs CAP_SYS_ADMIN")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, k.ns.Close()) })
	path := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), k.ns.Fd())
	dev, err := tun.Open(&tun.Config{Netns: path})
	require.NoError(t, err)
	t.Cleanup(func() { _ = dev.Close() })
	l, err := link.Setup(&link.Config{Name: dev.Name(), Netns: path, Addrs: []netip.Prefix{
		netip.PrefixFrom(families[0].two, 24), netip.PrefixFrom(families[1].two, 64),
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return hostOn(t, dev, families[0].one, families[1].one), k
}

// run calls f inside; sockets that it opens stay there.
func (k *kernelHost) run(t *testing.T, f func()) {
	t.Helper()
	var err error
	onLostThread(func() {
		if err = unix.Setns(int(k.ns.Fd()), unix.CLONE_NEWNET); err == nil {
			f()
		}
	})
	require.NoError(t, err)
}

// onLostThread calls f on a thread that ends with it.
func onLostThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		f()
	}()
	<-done
}

func (k *kernelHost) listen(t *testing.T, fam family) *net.TCPListener {
	t.Helper()
	var l *net.TCPListener
	var err error
	k.run(t, func() { l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(netip.AddrPortFrom(fam.two, 0))) })
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func full(a net.Addr) netstack.FullAddress {
	ap := netip.MustParseAddrPort(a.String())
	return netstack.FullAddress{Addr: ap.Addr().Unmap(), Port: ap.Port()}
}

func eachKernelFamily(t *testing.T, f func(t *testing.T, s *netstack.Stack, k *kernelHost, fam family)) {
	t.Helper()
	s, k := newKernelHost(t)
	for _, fam := range families {
		t.Run(fam.name, func(t *testing.T) { f(t, s, k, fam) })
	}
}

func TestKernelStream(t *testing.T) {
	eachKernelFamily(t, func(t *testing.T, s *netstack.Stack, k *kernelHost, fam family) {
		l := k.listen(t, fam)
		c := newEndpoint(t, s, netstack.TCP, fam.network)
		require.NoError(t, connect(t, c, full(l.Addr())))
		conn, err := l.AcceptTCP()
		require.NoError(t, err)
		defer conn.Close()
		write(t, c, "hello")
		p := make([]byte, 5)
		_, err = io.ReadFull(conn, p)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(p))
		_, err = conn.Write([]byte("answer"))
		require.NoError(t, err)
		assert.Equal(t, "answer", readText(t, c))
		require.NoError(t, c.Shutdown(netstack.ShutdownWrite))
		_, err = conn.Read(p)
		require.Equal(t, io.EOF, err)
		require.NoError(t, conn.SetLinger(0))
		require.NoError(t, conn.Close())
		require.ErrorIs(t, readError(t, c), netstack.ErrConnectionReset)
		a, err := c.GetRemoteAddress()
		require.NoError(t, err)
		assert.Equal(t, full(l.Addr()), a)

		require.NoError(t, l.Close())
		again := newEndpoint(t, s, netstack.TCP, fam.network)
		require.ErrorIs(t, connect(t, again, full(l.Addr())), netstack.ErrConnectionRefused)
	})
}

func TestKernelAccept(t *testing.T) {
	eachKernelFamily(t, func(t *testing.T, s *netstack.Stack, k *kernelHost, fam family) {
		l, a := listener(t, s, fam.network, fam.one, 0)
		var conn net.Conn
		var err error
		k.run(t, func() { conn, err = net.Dial("tcp", netip.AddrPortFrom(fam.one, a.Port).String()) })
		require.NoError(t, err)
		defer conn.Close()
		c := accept(t, l)
		_, err = conn.Write([]byte("hello"))
		require.NoError(t, err)
		var from netstack.FullAddress
		p := make([]byte, 10)
		n, err := read(t, c, p, &from)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(p[:n]))
		from.NIC = 0
		assert.Equal(t, full(conn.LocalAddr()), from)
		require.NoError(t, c.Abort())
		_, err = conn.Read(p)
		require.ErrorIs(t, err, unix.ECONNRESET)
	})
}

func TestKernelDatagram(t *testing.T) {
	eachKernelFamily(t, func(t *testing.T, s *netstack.Stack, k *kernelHost, fam family) {
		u, a := boundUDP(t, s, fam, fam.one)
		var conn net.Conn
		var err error
		k.run(t, func() { conn, err = net.Dial("udp", netip.AddrPortFrom(a.Addr, a.Port).String()) })
		require.NoError(t, err)
		defer conn.Close()
		setTraffic(t, conn, 33, 0x16)
		_, err = conn.Write(make([]byte, 4000)) // in fragments
		require.NoError(t, err)
		n, m := recv(t, u, make([]byte, 5000))
		assert.Equal(t, 4000, n)
		assert.Equal(t, 33, m.TTL)
		assert.Equal(t, 0x16, m.TOS)
		m.From.NIC = 0
		assert.Equal(t, full(conn.LocalAddr()), m.From)

		_, err = u.SendMsg(make([]byte, 4000), &netstack.Message{To: m.From})
		require.NoError(t, err)
		n, err = conn.Read(make([]byte, 5000))
		require.NoError(t, err)
		assert.Equal(t, 4000, n)

		require.NoError(t, conn.Close())
		require.NoError(t, u.Connect(m.From))
		write(t, u, "nobody is there")
		await(t, u, netstack.EventErr)
		_, err = u.Read(nil, nil)
		require.ErrorIs(t, err, netstack.ErrConnectionRefused)
	})
}

// setTraffic sets the TTL and the traffic class of a socket.
func setTraffic(t *testing.T, conn net.Conn, ttl, tos int) {
	t.Helper()
	raw, err := conn.(*net.UDPConn).SyscallConn()
	require.NoError(t, err)
	var err2 error
	require.NoError(t, raw.Control(func(fd uintptr) {
		if conn.RemoteAddr().(*net.UDPAddr).IP.To4() != nil {
			err2 = errors.Join(unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TTL, ttl), unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, tos))
			return
		}
		err2 = errors.Join(unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, ttl), unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos))
	}))
	require.NoError(t, err2)
}

func TestKernelEcho(t *testing.T) {
	eachKernelFamily(t, func(t *testing.T, s *netstack.Stack, _ *kernelHost, fam family) {
		if fam.echo == 0 {
			return
		}
		e := newEndpoint(t, s, fam.echo, fam.network)
		packet := []byte{8, 0, 0, 0, 0, 0, 0, 1, 'h', 'i'}
		if fam.echo == netstack.ICMPv6 {
			packet[0] = 128
		}
		_, err := e.Write(packet, &netstack.FullAddress{Addr: fam.two})
		require.NoError(t, err)
		p := make([]byte, 100)
		n, m := recv(t, e, p)
		assert.Equal(t, packet[6:], p[6:n])
		assert.Equal(t, fam.two, m.From.Addr)
	})
}
