package netstack_test

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// bound returns a UDP endpoint with a port, and its address.
func boundUDP(t testing.TB, s *netstack.Stack, fam family, addr netip.Addr) (netstack.Endpoint, netstack.FullAddress) {
	t.Helper()
	e := newEndpoint(t, s, netstack.UDP, fam.network)
	require.NoError(t, e.Bind(netstack.FullAddress{Addr: fam.any}, nil))
	a, err := e.GetLocalAddress()
	require.NoError(t, err)
	a.Addr, a.NIC = addr, 0
	return e, a
}

func recv(t testing.TB, e netstack.Endpoint, p []byte) (int, netstack.Message) {
	t.Helper()
	await(t, e, netstack.EventIn)
	var m netstack.Message
	n, err := e.RecvMsg(p, &m)
	require.NoError(t, err)
	return n, m
}

func TestMessage(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) {
		c, from := boundUDP(t, one, fam, fam.one)
		s, to := boundUDP(t, two, fam, fam.two)
		begin := time.Now()
		n, err := c.SendMsg([]byte("hello"), &netstack.Message{
			To: to, ControlMessages: netstack.ControlMessages{TTL: 7, TOS: 0x2b},
		})
		require.NoError(t, err)
		require.Equal(t, 5, n)
		n, m := recv(t, s, make([]byte, 3))
		assert.Equal(t, 3, n)
		assert.True(t, m.Truncated)
		assert.Equal(t, 5, m.Size)
		assert.Equal(t, netstack.FullAddress{NIC: 1, Addr: from.Addr, Port: from.Port}, m.From)
		assert.Equal(t, netstack.FullAddress{NIC: 1, Addr: to.Addr, Port: to.Port}, m.To)
		assert.Equal(t, 7, m.TTL)
		assert.Equal(t, 0x2b, m.TOS, "with ECN")
		assert.WithinDuration(t, begin, m.Time, time.Minute)

		_, err = c.SendMsg(nil, &netstack.Message{To: to})
		require.NoError(t, err)
		n, m = recv(t, s, make([]byte, 3))
		assert.Zero(t, n, "an empty datagram")
		assert.False(t, m.Truncated)
		assert.Zero(t, m.TOS, "it was for one datagram only")
		assert.Equal(t, 64, m.TTL)

		_, err = c.SendMsg([]byte("x"), &netstack.Message{To: to})
		require.NoError(t, err)
		n, m = recv(t, s, nil)
		assert.Zero(t, n)
		assert.True(t, m.Truncated)
		assert.Equal(t, 1, m.Size)
		_, err = s.RecvMsg(make([]byte, 1), &m)
		require.Equal(t, netstack.ErrWouldBlock, err, "it is gone")

		require.NoError(t, c.Connect(to))
		_, err = c.SendMsg([]byte("peer"), nil)
		require.NoError(t, err)
		p := make([]byte, 10)
		await(t, s, netstack.EventIn)
		n, err = s.RecvMsg(p, nil)
		require.NoError(t, err)
		assert.Equal(t, "peer", string(p[:n]))
	})
}

func TestMessageFrom(t *testing.T) {
	one, two := stacks(t)
	fam := families[1]
	more := netip.MustParseAddr("2001:db8::3")
	require.NoError(t, one.AddAddress(1, netip.PrefixFrom(more, 64)))
	c, from := boundUDP(t, one, fam, fam.one)
	s, to := boundUDP(t, two, fam, fam.two)
	for _, src := range []netip.Addr{fam.one, more} {
		_, err := c.SendMsg([]byte("x"), &netstack.Message{To: to, From: netstack.FullAddress{Addr: src, NIC: 1}})
		require.NoError(t, err)
		_, m := recv(t, s, make([]byte, 3))
		assert.Equal(t, src, m.From.Addr)
		assert.Equal(t, from.Port, m.From.Port)
	}
	for _, bad := range []netstack.FullAddress{{Addr: families[0].one}, {Addr: fam.one, Port: 1}} {
		_, err := c.SendMsg([]byte("x"), &netstack.Message{To: to, From: bad})
		require.ErrorIs(t, err, netstack.ErrNotSupported)
	}
	_, err := c.SendMsg([]byte("x"), &netstack.Message{To: to, From: netstack.FullAddress{Addr: fam.one, NIC: -1}})
	require.ErrorIs(t, err, netstack.ErrUnknownNICID)
	_, err = c.SendMsg([]byte("x"), &netstack.Message{To: to, From: netstack.FullAddress{Addr: fam.two}})
	require.ErrorIs(t, err, netstack.ErrBadLocalAddress)
}

// TestMessageTOS sends with two values at once: each datagram has its own.
func TestMessageTOS(t *testing.T) {
	one, two := stacks(t)
	fam := families[0]
	c, _ := boundUDP(t, one, fam, fam.one)
	require.NoError(t, c.SetSockOpt(netstack.TOSOption(0x20)))
	s, to := boundUDP(t, two, fam, fam.two)
	require.NoError(t, s.SetSockOpt(netstack.ReceiveBufferSizeOption(1<<20)))
	var g sync.WaitGroup
	for _, tos := range []int{0, 0x20, 0x40, 0x43} {
		g.Go(func() {
			for range 100 {
				_, err := c.SendMsg([]byte{byte(max(tos, 0x20))}, &netstack.Message{To: to, ControlMessages: netstack.ControlMessages{TOS: tos}})
				assert.NoError(t, err)
			}
		})
	}
	for range 400 {
		p := make([]byte, 1)
		_, m := recv(t, s, p)
		require.Equal(t, int(p[0]), m.TOS)
	}
	g.Wait()
}

func TestMessageRefused(t *testing.T) {
	one, two := stacks(t)
	stream, _ := connected(t, one, two, families[0])
	datagram, to := boundUDP(t, one, families[0], families[0].two)
	for _, c := range []struct {
		e    netstack.Endpoint
		m    netstack.Message
		text string
		err  error
	}{
		{datagram, control(-1, 0), "TTL=-1: invalid option value specified: want 0 to 255", netstack.ErrInvalidOptionValue},
		{datagram, control(256, 0), "TTL=256: invalid option value specified: want 0 to 255", netstack.ErrInvalidOptionValue},
		{datagram, control(0, 256), "TOS=256: invalid option value specified: want 0 to 255", netstack.ErrInvalidOptionValue},
		{datagram, netstack.Message{More: true}, "More=true: operation not supported", netstack.ErrNotSupported},
		{datagram, netstack.Message{From: to}, "From=" + to.String() + ": operation not supported", netstack.ErrNotSupported},
		{datagram, netstack.Message{To: netstack.FullAddress{Port: 1}}, "address=:1: destination address is required", netstack.ErrDestinationRequired},
		{datagram, netstack.Message{}, "destination address is required", netstack.ErrDestinationRequired},
		{stream, control(1, 0), "TTL=1: operation not supported", netstack.ErrNotSupported},
		{stream, control(0, 1), "TOS=1: operation not supported", netstack.ErrNotSupported},
		{stream, netstack.Message{From: to}, "From=" + to.String() + ": operation not supported", netstack.ErrNotSupported},
		{stream, netstack.Message{To: to}, "address=" + to.String() + ": endpoint is already connected", netstack.ErrAlreadyConnected},
	} {
		n, err := c.e.SendMsg([]byte("x"), &c.m)
		assert.Zero(t, n)
		require.EqualError(t, err, "netstack: sendmsg: "+c.text)
		require.ErrorIs(t, err, c.err)
	}
}

func control(ttl, tos int) netstack.Message {
	return netstack.Message{ControlMessages: netstack.ControlMessages{TTL: ttl, TOS: tos}}
}

// TestMessageMore puts what is sent with More into one segment with what follows.
func TestMessageMore(t *testing.T) {
	one, two := stacks(t)
	c, s := connected(t, one, two, families[0])
	before := segments(t, c)
	for range 10 {
		_, err := c.SendMsg([]byte("x"), &netstack.Message{More: true})
		require.NoError(t, err)
	}
	_, err := c.SendMsg([]byte("y"), &netstack.Message{})
	require.NoError(t, err)
	got := ""
	for len(got) < 11 {
		got += readText(t, s)
	}
	assert.Equal(t, "xxxxxxxxxxy", got)
	assert.Less(t, segments(t, c)-before, uint64(9))

	for _, end := range []func() error{
		func() error { return nil }, // its time is up
		func() error { return c.Shutdown(netstack.ShutdownWrite) },
	} {
		_, err = c.SendMsg([]byte("kept"), &netstack.Message{More: true})
		require.NoError(t, err)
		require.NoError(t, end())
		p := make([]byte, 10)
		n, m := recv(t, s, p)
		assert.Equal(t, "kept", string(p[:n]))
		assert.Equal(t, n, m.Size)
		local, err := c.GetLocalAddress()
		require.NoError(t, err)
		assert.Equal(t, local.Port, m.From.Port)
	}
	require.ErrorIs(t, readError(t, s), netstack.ErrClosedForReceive)

	c, s = connected(t, one, two, families[0])
	_, err = c.SendMsg([]byte("kept"), &netstack.Message{More: true})
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.Equal(t, "kept", readText(t, s))
}

func segments(t *testing.T, e netstack.Endpoint) uint64 {
	t.Helper()
	var info netstack.InfoOption
	require.NoError(t, e.GetSockOpt(&info))
	return info.SegmentsSent
}

func TestEcho(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, _ *netstack.Stack, fam family) {
		if fam.echo == 0 {
			return
		}
		request := byte(8)
		if fam.echo == netstack.ICMPv6 {
			request = 128
		}
		e := newEndpoint(t, one, fam.echo, fam.network)
		require.NoError(t, e.Bind(netstack.FullAddress{Port: 77}, nil))
		packet := []byte{request, 0, 0, 0, 0, 0, 0, 1, 'h', 'i'}
		_, err := e.Write(packet, &netstack.FullAddress{Addr: fam.two})
		require.NoError(t, err)
		p := make([]byte, 100)
		n, m := recv(t, e, p)
		require.Equal(t, 10, n)
		assert.Equal(t, []byte{0, 77}, p[4:6], "the port is the identifier")
		assert.Equal(t, "hi", string(p[8:n]))
		assert.Equal(t, fam.two, m.From.Addr)
		assert.Equal(t, fam.one, m.To.Addr)
		assert.Positive(t, m.TTL)

		require.ErrorIs(t, e.Connect(netstack.FullAddress{Addr: fam.two, NIC: 9}), netstack.ErrNoRoute)
		require.NoError(t, e.Connect(netstack.FullAddress{Addr: fam.one}))
		for range 2 {
			require.NoError(t, e.Connect(netstack.FullAddress{Addr: fam.two}), "again")
		}
		again := newEndpoint(t, one, fam.echo, fam.network)
		require.NoError(t, again.Bind(netstack.FullAddress{Port: 77}, nil), "no address of it is left behind")
		require.NoError(t, again.Close())
		a, err := e.GetRemoteAddress()
		require.NoError(t, err)
		assert.Equal(t, fam.two, a.Addr)
		_, err = e.Write(packet, nil)
		require.NoError(t, err)
		await(t, e, netstack.EventIn)
		n, err = e.Peek(p)
		require.NoError(t, err)
		assert.Equal(t, 10, n)
		n, err = e.Read(p, &a)
		require.NoError(t, err)
		assert.Equal(t, 10, n)
		assert.Equal(t, fam.two, a.Addr)

		_, err = e.Write(packet[:7], nil)
		require.ErrorIs(t, err, netstack.ErrInvalidEndpointState, "too short")
		_, err = e.Write([]byte{0, 0, 0, 0, 0, 0, 0, 0}, nil)
		require.ErrorIs(t, err, netstack.ErrInvalidEndpointState, "no echo request")
		require.ErrorIs(t, e.Listen(1), netstack.ErrNotSupported)
		require.ErrorIs(t, e.ConnectEndpoint(e), netstack.ErrNotSupported)
		other := families[0]
		if fam.echo == netstack.ICMPv4 {
			other = families[1]
		}
		require.ErrorIs(t, e.Connect(netstack.FullAddress{Addr: other.two}), netstack.ErrAddressFamilyNotSupported)
		require.NoError(t, e.Shutdown(netstack.ShutdownRead|netstack.ShutdownWrite))
		_, err = e.Read(p, nil)
		require.ErrorIs(t, err, netstack.ErrClosedForReceive)
		_, err = e.Write(packet, nil)
		require.ErrorIs(t, err, netstack.ErrClosedForSend)
	})
}
