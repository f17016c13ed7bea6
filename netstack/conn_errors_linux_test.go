package netstack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// A world is what can be dialled and listened on: the kernel's loopback, and a stack's.
type world struct {
	t            *testing.T
	dial         func(ctx context.Context, network, address string) (net.Conn, error)
	dialFrom     func(network string, from netip.AddrPort, address string) (net.Conn, error)
	listen       func(network, address string) (net.Listener, error)
	listenPacket func(network, address string) (net.PacketConn, error)
}

func kernelWorld(t *testing.T) *world {
	return &world{
		t:    t,
		dial: new(net.Dialer).DialContext,
		dialFrom: func(network string, from netip.AddrPort, address string) (net.Conn, error) {
			d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(from)}
			if strings.HasPrefix(network, "udp") {
				d.LocalAddr = net.UDPAddrFromAddrPort(from)
			}
			return d.Dial(network, address)
		},
		listen:       net.Listen,
		listenPacket: net.ListenPacket,
	}
}

func stackWorld(t *testing.T) *world {
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, netstack.Loopback))
	return &world{
		t:    t,
		dial: s.DialContext,
		dialFrom: func(network string, from netip.AddrPort, address string) (net.Conn, error) {
			return (&netstack.Dialer{Stack: s, LocalAddr: from}).Dial(network, address)
		},
		listen:       s.Listen,
		listenPacket: s.ListenPacket,
	}
}

// tcpMethods are those that both kinds of TCP conns share.
type tcpMethods interface { //nolint:interfacebloat // those of net.TCPConn
	net.Conn
	io.ReaderFrom
	io.WriterTo
	CloseRead() error
	CloseWrite() error
	SetLinger(sec int) error
	SetNoDelay(noDelay bool) error
	SetKeepAlive(on bool) error
	SetKeepAlivePeriod(d time.Duration) error
	SetKeepAliveConfig(config net.KeepAliveConfig) error
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

var (
	_ tcpMethods = (*net.TCPConn)(nil)
	_ tcpMethods = (*netstack.TCPConn)(nil)
)

// udpMethods are those that both kinds of UDP conns share.
type udpMethods interface {
	net.Conn
	net.PacketConn
	ReadFromUDP(p []byte) (int, *net.UDPAddr, error)
	ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error)
	WriteToUDP(p []byte, addr *net.UDPAddr) (int, error)
	WriteToUDPAddrPort(p []byte, addr netip.AddrPort) (int, error)
	SetReadBuffer(bytes int) error
	SetWriteBuffer(bytes int) error
}

var (
	_ udpMethods = (*net.UDPConn)(nil)
	_ udpMethods = (*netstack.UDPConn)(nil)
)

// tcp returns the ends of a conn.
func (w *world) tcp() (dialled, accepted tcpMethods) {
	l := w.listener()
	c, err := w.dial(w.t.Context(), "tcp", l.Addr().String())
	require.NoError(w.t, err)
	a, err := l.Accept()
	require.NoError(w.t, err)
	w.t.Cleanup(func() {
		_ = c.Close()
		_ = a.Close()
	})
	return c.(tcpMethods), a.(tcpMethods)
}

func (w *world) listener() net.Listener {
	l, err := w.listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = l.Close() })
	return l
}

func (w *world) udp() udpMethods {
	c, err := w.listenPacket("udp", "127.0.0.1:0")
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = c.Close() })
	return c.(udpMethods)
}

// closedPort returns an address where nobody listens: that of a conn to somebody else, so
// that no other process can take it meanwhile.
func (w *world) closedPort(network string) string {
	if network == "udp" {
		c, err := w.dial(w.t.Context(), "udp", w.udp().LocalAddr().String())
		require.NoError(w.t, err)
		w.t.Cleanup(func() { _ = c.Close() })
		return c.LocalAddr().String()
	}
	c, _ := w.tcp()
	return c.LocalAddr().String()
}

// reset returns a conn that its peer has reset; the reset has arrived.
func (w *world) reset() tcpMethods {
	c, a := w.tcp()
	require.NoError(w.t, a.SetLinger(0))
	require.NoError(w.t, a.Close())
	return c
}

var kinds = map[string]error{
	"os.ErrDeadlineExceeded": os.ErrDeadlineExceeded, "net.ErrClosed": net.ErrClosed, "io.EOF": io.EOF,
	"context.Canceled": context.Canceled, "context.DeadlineExceeded": context.DeadlineExceeded,
	"ECONNREFUSED": syscall.ECONNREFUSED, "ECONNRESET": syscall.ECONNRESET, "EPIPE": syscall.EPIPE,
	"EADDRINUSE": syscall.EADDRINUSE, "EADDRNOTAVAIL": syscall.EADDRNOTAVAIL, "EINVAL": syscall.EINVAL,
	"EHOSTUNREACH": syscall.EHOSTUNREACH, "ENETUNREACH": syscall.ENETUNREACH, "EMSGSIZE": syscall.EMSGSIZE,
	"EDESTADDRREQ": syscall.EDESTADDRREQ, "ENOTCONN": syscall.ENOTCONN, "ETIMEDOUT": syscall.ETIMEDOUT,
	"net.ErrWriteToConnected": net.ErrWriteToConnected,
}

// describe says all of an error that callers branch on.
func describe(err error) string {
	if err == nil {
		return "nil"
	}
	var is []string
	for name, kind := range kinds {
		if errors.Is(err, kind) {
			is = append(is, name)
		}
	}
	slices.Sort(is)
	text := strings.Join(is, " ")
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		text += " timeout"
	}
	op, ok := err.(*net.OpError)
	if !ok {
		return fmt.Sprintf("%s %T", text, err)
	}
	addr := fmt.Sprintf("%T", op.Addr)
	if addr == "net.addrPortUDPAddr" { // package net saves an allocation
		addr = "*net.UDPAddr"
	}
	return fmt.Sprintf("%s: %s %s source %T addr %s", text, op.Op, op.Net, op.Source, addr)
}

// TestErrorsAsKernel does the same with the kernel's conns and with those of a stack.
func TestErrorsAsKernel(t *testing.T) {
	one := make([]byte, 1)
	for name, f := range map[string]func(w *world) error{
		"read, deadline passed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.SetDeadline(time.Now().Add(-time.Second)))
			_, err := c.Read(one)
			return err
		},
		"read, deadline passes": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
			_, err := c.Read(one)
			return err
		},
		"read, deadline set meanwhile": func(w *world) error {
			c, _ := w.tcp()
			later(func() { _ = c.SetReadDeadline(time.Now()) })
			_, err := c.Read(one)
			return err
		},
		"write, deadline passed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
			_, err := c.Write(one)
			return err
		},
		"write, deadline passes": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
			_, err := c.Write(make([]byte, 64<<20))
			return err
		},
		"read, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			_, err := c.Read(one)
			return err
		},
		"read nothing, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			_, err := c.Read(nil)
			return err
		},
		"read nothing": func(w *world) error {
			c, _ := w.tcp()
			_, err := c.Read(nil)
			return err
		},
		"read, closed meanwhile": func(w *world) error {
			c, _ := w.tcp()
			later(func() { _ = c.Close() })
			_, err := c.Read(one)
			return err
		},
		"write, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			_, err := c.Write(one)
			return err
		},
		"write, closed meanwhile": func(w *world) error {
			c, _ := w.tcp()
			later(func() { _ = c.Close() })
			_, err := c.Write(make([]byte, 64<<20))
			return err
		},
		"write nothing": func(w *world) error {
			c, _ := w.tcp()
			_, err := c.Write(nil)
			return err
		},
		"close twice": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			return c.Close()
		},
		"close write, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			return c.CloseWrite()
		},
		"set deadline, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			return c.SetDeadline(time.Now())
		},
		"set no delay, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			return c.SetNoDelay(true)
		},
		"read, peer closed": func(w *world) error {
			c, a := w.tcp()
			require.NoError(t, a.Close())
			_, err := c.Read(one)
			return err
		},
		"read, own CloseRead": func(w *world) error {
			c, _ := w.tcp()
			later(func() { _ = c.CloseRead() })
			_, err := c.Read(one)
			return err
		},
		"write, own CloseWrite": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.CloseWrite())
			_, err := c.Write(one)
			return err
		},
		"CloseWrite twice": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.CloseWrite())
			return c.CloseWrite()
		},
		"read, reset": func(w *world) error {
			_, err := w.reset().Read(one)
			return err
		},
		"read twice, reset": func(w *world) error {
			c := w.reset()
			_, _ = c.Read(one)
			_, err := c.Read(one)
			return err
		},
		"write after the reset was read": func(w *world) error {
			c := w.reset()
			_, _ = c.Read(one)
			_, err := c.Write(one)
			return err
		},
		"write until reset": func(w *world) error {
			c := w.reset()
			for end := time.Now().Add(patience); time.Now().Before(end); {
				if _, err := c.Write(one); err != nil {
					return err
				}
			}
			return nil
		},
		"CloseWrite, reset": func(w *world) error {
			c := w.reset()
			_, _ = c.Read(one)
			return c.CloseWrite()
		},
		"peer closes with unread data": func(w *world) error {
			c, a := w.tcp()
			_, err := c.Write([]byte("unread"))
			require.NoError(t, err)
			_, err = a.Read(one)
			require.NoError(t, err)
			require.NoError(t, a.Close())
			_, err = c.Read(one)
			return err
		},
		"WriteTo, deadline": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.SetReadDeadline(time.Now().Add(-time.Second)))
			_, err := c.WriteTo(io.Discard)
			return err
		},
		"WriteTo, end": func(w *world) error {
			c, a := w.tcp()
			require.NoError(t, a.Close())
			_, err := c.WriteTo(io.Discard)
			return err
		},
		"WriteTo, closed": func(w *world) error {
			c, _ := w.tcp()
			require.NoError(t, c.Close())
			_, err := c.WriteTo(io.Discard)
			return err
		},
		"dial, refused": func(w *world) error {
			_, err := w.dial(t.Context(), "tcp", w.closedPort("tcp"))
			return err
		},
		"dial, port 0": func(w *world) error {
			_, err := w.dial(t.Context(), "tcp", "127.0.0.1:0")
			return err
		},
		"udp: write, port 0": func(w *world) error {
			_, err := w.udp().WriteToUDPAddrPort(one, netip.MustParseAddrPort("127.0.0.1:0"))
			return err
		},
		"udp: write, connected to port 0": func(w *world) error {
			d, err := w.dial(t.Context(), "udp", "127.0.0.1:0")
			require.NoError(t, err)
			defer d.Close()
			_, err = d.Write(one)
			return err
		},
		"dial, canceled": func(w *world) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := w.dial(ctx, "tcp", w.listener().Addr().String())
			return err
		},
		"dial, deadline": func(w *world) error {
			ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
			defer cancel()
			_, err := w.dial(ctx, "tcp", w.listener().Addr().String())
			return err
		},
		"dial, unknown network": func(w *world) error {
			_, err := w.dial(t.Context(), "nonsense", "127.0.0.1:1")
			return err
		},
		"dial, no port": func(w *world) error {
			_, err := w.dial(t.Context(), "tcp", "127.0.0.1")
			return err
		},
		"dial, bad port": func(w *world) error {
			_, err := w.dial(t.Context(), "tcp", "127.0.0.1:70000")
			return err
		},
		"dial, wrong family": func(w *world) error {
			_, err := w.dial(t.Context(), "tcp6", "127.0.0.1:1")
			return err
		},
		"dial from another family": func(w *world) error {
			_, err := w.dialFrom("tcp", netip.MustParseAddrPort("[::1]:0"), "127.0.0.1:1")
			return err
		},
		"dial from a foreign address": func(w *world) error {
			_, err := w.dialFrom("tcp", netip.MustParseAddrPort("192.0.2.77:0"), "127.0.0.1:1")
			return err
		},
		"dial from a port in use": func(w *world) error {
			l := w.listener()
			_, err := w.dialFrom("tcp", l.Addr().(*net.TCPAddr).AddrPort(), w.listener().Addr().String())
			return err
		},
		"listen, in use": func(w *world) error {
			_, err := w.listen("tcp", w.listener().Addr().String())
			return err
		},
		"listen, foreign address": func(w *world) error {
			_, err := w.listen("tcp", "192.0.2.77:0")
			return err
		},
		"listen, wrong family": func(w *world) error {
			_, err := w.listen("tcp4", "[::1]:0")
			return err
		},
		"listen, packet network": func(w *world) error {
			_, err := w.listen("udp", "127.0.0.1:0")
			return err
		},
		"listen, unknown network": func(w *world) error {
			_, err := w.listen("nonsense", "127.0.0.1:0")
			return err
		},
		"accept, closed": func(w *world) error {
			l := w.listener()
			require.NoError(t, l.Close())
			_, err := l.Accept()
			return err
		},
		"accept, closed meanwhile": func(w *world) error {
			l := w.listener()
			later(func() { _ = l.Close() })
			_, err := l.Accept()
			return err
		},
		"accept, deadline": func(w *world) error {
			l := w.listener()
			require.NoError(t, l.(interface{ SetDeadline(t time.Time) error }).SetDeadline(time.Now().Add(20*time.Millisecond)))
			_, err := l.Accept()
			return err
		},
		"close a listener twice": func(w *world) error {
			l := w.listener()
			require.NoError(t, l.Close())
			return l.Close()
		},
		"udp: listen, in use": func(w *world) error {
			_, err := w.listenPacket("udp", w.udp().LocalAddr().String())
			return err
		},
		"udp: read, deadline passes": func(w *world) error {
			c := w.udp()
			require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
			_, _, err := c.ReadFrom(one)
			return err
		},
		"udp: read, closed meanwhile": func(w *world) error {
			c := w.udp()
			later(func() { _ = c.Close() })
			_, _, err := c.ReadFromUDPAddrPort(one)
			return err
		},
		"udp: write, closed": func(w *world) error {
			c := w.udp()
			require.NoError(t, c.Close())
			_, err := c.WriteTo(one, c.LocalAddr())
			return err
		},
		"udp: write, deadline passed": func(w *world) error {
			c := w.udp()
			require.NoError(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
			_, err := c.WriteTo(one, c.LocalAddr())
			return err
		},
		"udp: close twice": func(w *world) error {
			c := w.udp()
			require.NoError(t, c.Close())
			return c.Close()
		},
		"udp: set deadline, closed": func(w *world) error {
			c := w.udp()
			require.NoError(t, c.Close())
			return c.SetDeadline(time.Now())
		},
		"udp: write without destination": func(w *world) error {
			_, err := w.udp().Write(one)
			return err
		},
		"udp: too long": func(w *world) error {
			c := w.udp()
			_, err := c.WriteTo(make([]byte, 65508), c.LocalAddr())
			return err
		},
		"udp: WriteTo, connected": func(w *world) error {
			c := w.udp()
			d, err := w.dial(t.Context(), "udp", c.LocalAddr().String())
			require.NoError(t, err)
			defer d.Close()
			_, err = d.(udpMethods).WriteTo(one, c.LocalAddr())
			return err
		},
		"udp: read, refused": func(w *world) error {
			d, err := w.dial(t.Context(), "udp", w.closedPort("udp"))
			require.NoError(t, err)
			defer d.Close()
			_, err = d.Write(one)
			require.NoError(t, err)
			_, err = d.Read(one)
			return err
		},
		"udp: wrong family": func(w *world) error {
			_, err := w.udp().WriteToUDPAddrPort(one, netip.MustParseAddrPort("[::1]:9"))
			return err
		},
		"udp: address without an IP": func(w *world) error {
			c := w.udp()
			_, err := c.WriteToUDP(one, &net.UDPAddr{Port: c.LocalAddr().(*net.UDPAddr).Port})
			require.NoError(t, err)
			_, err = c.Read(one)
			return err
		},
		"udp: nil address": func(w *world) error {
			_, err := w.udp().WriteToUDP(one, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			kernel, stack := f(kernelWorld(t)), f(stackWorld(t))
			assert.Equal(t, describe(kernel), describe(stack), "kernel: %v\nstack: %v", kernel, stack)
		})
	}
}
