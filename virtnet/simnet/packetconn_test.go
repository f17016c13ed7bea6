//go:build !plan9

package simnet_test

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

func TestPacketConn_Connected(t *testing.T) {
	both(t, func(t *testing.T, n *simnet.Network, a, b *simnet.Host) {
		s, err := b.ListenPacket(":53")
		require.NoError(t, err)
		c, err := a.Dialer().Dial("udp4", "b:53")
		require.NoError(t, err)
		assert.Equal(t, "10.0.0.2:53", c.RemoteAddr().String())
		say(t, c, "question")
		buf := make([]byte, 100)
		k, from, err := s.ReadFrom(buf)
		require.NoError(t, err)
		assert.Equal(t, "question", string(buf[:k]))
		assert.Equal(t, c.LocalAddr(), from)
		_, err = s.WriteTo([]byte("answer"), from)
		require.NoError(t, err)
		k, err = c.Read(buf)
		require.NoError(t, err)
		assert.Equal(t, "answer", string(buf[:k]))

		stranger, err := b.ListenPacket("")
		require.NoError(t, err)
		assert.Nil(t, stranger.(*simnet.PacketConn).RemoteAddr())
		_, err = stranger.WriteTo([]byte("I am not your peer"), from)
		require.NoError(t, err)
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Second)))
		_, err = c.Read(buf)
		fails(t, err, "read", os.ErrDeadlineExceeded)

		_, err = c.(net.PacketConn).WriteTo(nil, from)
		fails(t, err, "write", net.ErrWriteToConnected)
		_, err = s.(net.Conn).Write(nil)
		fails(t, err, "write", syscall.ENOTCONN)
		_, err = c.Write(make([]byte, 65508))
		fails(t, err, "write", syscall.EMSGSIZE)
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(-time.Second)))
		_, err = c.Write(nil)
		fails(t, err, "write", os.ErrDeadlineExceeded)
		require.NoError(t, c.SetDeadline(time.Time{}))

		require.NoError(t, s.Close())
		for range 2 { // the next call of either kind is told, once
			say(t, c, "anybody there?")
			time.Sleep(time.Second)
			_, err = c.Write([]byte("x"))
			fails(t, err, "write", syscall.ECONNREFUSED)
		}
		say(t, c, "anybody there?")
		_, err = c.Read(buf)
		fails(t, err, "read", syscall.ECONNREFUSED)
		require.NoError(t, c.Close())
		fails(t, c.SetDeadline(time.Time{}), "set", net.ErrClosed)
		fails(t, second(c.Write([]byte("x"))), "write", net.ErrClosed)
		assert.Equal(t, "udp", n.Network()[:0]+c.LocalAddr().Network())
	})
}

func TestPacketConn_Addresses(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		s, err := b.ListenPacket("127.0.0.1:53")
		require.NoError(t, err)
		_, err = b.ListenPacket(":53")
		fails(t, err, "listen", syscall.EADDRINUSE)
		_, err = b.ListenPacket("10.0.0.1:53")
		fails(t, err, "listen", syscall.EADDRNOTAVAIL)
		own, err := b.ListenPacket("10.0.0.2:53")
		require.NoError(t, err)
		_, err = own.WriteTo([]byte("to myself"), &net.UDPAddr{Port: 53})
		require.NoError(t, err)
		buf := make([]byte, 100)
		k, from, err := s.(*simnet.PacketConn).ReadFromUDPAddrPort(buf)
		require.NoError(t, err)
		assert.Equal(t, "to myself", string(buf[:k]))
		assert.Equal(t, uint16(53), from.Port())
		for _, to := range []net.Addr{
			nil, (*net.UDPAddr)(nil), (*virtnet.Addr)(nil), &net.TCPAddr{}, &virtnet.Addr{Host: "nobody", Port: 1},
		} {
			_, err := s.WriteTo(nil, to)
			var op *net.OpError
			require.ErrorAs(t, err, &op, "%v", to)
		}
		_, err = own.(*simnet.PacketConn).WriteToUDPAddrPort(nil, netip.MustParseAddrPort("[2001:db8::1]:5"))
		fails(t, err, "write", syscall.ENETUNREACH)
		all, err := b.ListenPacket(":54")
		require.NoError(t, err)
		_, err = all.WriteTo(nil, &net.UDPAddr{IP: net.ParseIP("2001:db8::1"), Port: 5})
		fails(t, err, "write", syscall.ENETUNREACH)
		_, err = own.WriteTo([]byte("by name"), &virtnet.Addr{Host: "a", Port: 5})
		require.NoError(t, err)
		_, err = a.Dialer().Dial("udp", "[::2]:5")
		fails(t, err, "dial", syscall.ENETUNREACH)
	})
}

// No address at all is one that nobody can send to, whatever addresses the host has.
func TestPacketConn_NoAddress(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	h := host(t, n, "h", "192.0.2.1", "2001:db8::1")
	for _, laddr := range []string{":0", "192.0.2.1:0", "[2001:db8::1]:0"} {
		s, err := h.ListenPacket(laddr)
		require.NoError(t, err)
		_, err = s.(*simnet.PacketConn).WriteToUDPAddrPort(nil, netip.AddrPort{})
		fails(t, err, "write", syscall.ENETUNREACH)
	}
}

// A socket holds as much as its buffer; the rest is lost, and the trace says why.
func TestPacketConn_Bounded(t *testing.T) {
	both(t, func(t *testing.T, n *simnet.Network, a, b *simnet.Host) {
		s, err := b.ListenPacket(":53")
		require.NoError(t, err)
		c, err := a.Dialer().Dial("udp", "b:53")
		require.NoError(t, err)
		for range 100 {
			_, err = c.Write(make([]byte, 8000))
			require.NoError(t, err)
		}
		time.Sleep(time.Second)
		lost, came := 0, 0
		for e := range n.Trace() {
			if e.Reason == simnet.ReasonBuffer {
				lost++
			}
		}
		require.NoError(t, s.SetReadDeadline(time.Now().Add(time.Second)))
		for ; ; came++ {
			if _, _, err := s.ReadFrom(make([]byte, 1)); err != nil {
				break
			}
		}
		assert.Equal(t, 100, lost+came)
		assert.Equal(t, simnet.DefaultBufferBytes/(8000+256), came)
	})
}

func TestPacketConn_Damaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Link: simnet.Link{Corrupt: 1}, Seed: 1, CaptureBytes: 100})
		a, b := host(t, n, "a"), host(t, n, "b")
		s, err := b.ListenPacket(":53")
		require.NoError(t, err)
		c, err := a.Dialer().Dial("udp", "b:53")
		require.NoError(t, err)
		say(t, c, "12345678")
		buf := make([]byte, 100)
		k, _, err := s.ReadFrom(buf)
		require.NoError(t, err)
		differ := 0
		for i := range k {
			if buf[i] != "12345678"[i] {
				differ++
			}
		}
		assert.Equal(t, 1, differ, "%q", buf[:k])
	})
}

func TestResolver(t *testing.T) {
	n := network(t, simnet.Config{})
	a := host(t, n, "a", "192.0.2.1", "2001:db8::1")
	r := a.Resolver()
	for _, each := range []struct{ network, name, want string }{
		{"ip", "a", "[192.0.2.1 2001:db8::1]"},
		{"ip4", "a", "[192.0.2.1]"},
		{"ip6", "a", "[2001:db8::1]"},
		{"ip", "localhost", "[127.0.0.1 ::1]"},
		{"ip", "::ffff:192.0.2.9", "[192.0.2.9]"},
	} {
		got, err := r.LookupNetIP(t.Context(), each.network, each.name)
		require.NoError(t, err)
		assert.Equal(t, each.want, fmt.Sprint(got))
	}
	texts, err := r.LookupHost(t.Context(), "a")
	require.NoError(t, err)
	assert.Equal(t, []string{"192.0.2.1", "2001:db8::1"}, texts)
	for _, each := range [][2]string{{"ip4", "::1"}, {"ip", "nobody"}, {"tcp", "a"}} {
		_, err := r.LookupNetIP(t.Context(), each[0], each[1])
		var dns *net.DNSError
		require.ErrorAs(t, err, &dns)
		assert.Equal(t, each[0] != "tcp", dns.IsNotFound)
	}
	b := host(t, n, "b", "198.51.100.1", "192.0.2.2", "2001:db8::2")
	for to, from := range map[string]string{"192.0.2.1:80": "192.0.2.2", "[2001:db8::1]:80": "2001:db8::2"} {
		l, err := a.Listen(to)
		require.NoError(t, err)
		c, err := b.Dial(t.Context(), to)
		require.NoError(t, err)
		assert.Equal(t, from, c.LocalAddr().(*net.TCPAddr).IP.String())
		require.NoError(t, l.Close())
	}
}
