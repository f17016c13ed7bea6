package netstack_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

func TestEndpointStream(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) {
		l, a := listener(t, two, fam.network, fam.any, 1)
		_, err := l.Accept()
		require.Equal(t, netstack.ErrWouldBlock, err, "it costs nothing")

		c := newEndpoint(t, one, netstack.TCP, fam.network)
		a.Addr = fam.two
		require.Equal(t, netstack.ErrConnectStarted, c.Connect(a))
		require.NoError(t, outcome(t, c))
		require.NoError(t, c.Connect(a), "says once that it succeeded")
		require.ErrorIs(t, c.Connect(a), netstack.ErrAlreadyConnected)

		s := accept(t, l)
		_, err = s.Read(make([]byte, 1), nil)
		require.Equal(t, netstack.ErrWouldBlock, err)
		write(t, c, "hello")
		await(t, s, netstack.EventIn)
		p := make([]byte, 3)
		n, err := s.Peek(p)
		require.NoError(t, err)
		assert.Equal(t, "hel", string(p[:n]))
		var from netstack.FullAddress
		n, err = s.Read(p, &from)
		require.NoError(t, err)
		assert.Equal(t, "hel", string(p[:n]))
		local, err := c.GetLocalAddress()
		require.NoError(t, err)
		assert.Equal(t, fam.one, local.Addr)
		assert.Equal(t, local.Addr, from.Addr)
		assert.Equal(t, local.Port, from.Port)
		n, err = s.Read(nil, nil)
		require.NoError(t, err)
		assert.Zero(t, n)
		assert.Equal(t, "lo", readText(t, s))

		require.NoError(t, c.Shutdown(netstack.ShutdownWrite))
		_, err = c.Write([]byte("x"), nil)
		require.ErrorIs(t, err, netstack.ErrClosedForSend)
		require.ErrorIs(t, readError(t, s), netstack.ErrClosedForReceive)
		write(t, s, "half-close")
		assert.Equal(t, "half-close", readText(t, c))
	})
}

func TestEndpointAddresses(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) {
		e := newEndpoint(t, one, netstack.TCP, fam.network)
		a, err := e.GetLocalAddress()
		require.NoError(t, err)
		assert.Zero(t, a)
		_, err = e.GetRemoteAddress()
		require.ErrorIs(t, err, netstack.ErrNotConnected)
		require.NoError(t, e.Bind(netstack.FullAddress{}, nil))
		a, err = e.GetLocalAddress()
		require.NoError(t, err)
		assert.Equal(t, fam.any, a.Addr)
		assert.NotZero(t, a.Port)

		c, s := connected(t, one, two, fam)
		local, err := s.GetLocalAddress()
		require.NoError(t, err)
		require.NoError(t, s.Abort())
		require.ErrorIs(t, readError(t, c), netstack.ErrConnectionReset)
		remote, err := c.GetRemoteAddress()
		require.NoError(t, err, "also after a reset")
		assert.Equal(t, fam.two, remote.Addr)
		assert.Equal(t, local.Port, remote.Port)
		_, err = s.GetRemoteAddress()
		require.NoError(t, err, "also after its own")

		refused := newEndpoint(t, one, netstack.TCP, fam.network)
		require.ErrorIs(t, connect(t, refused, netstack.FullAddress{Addr: fam.two, Port: 1}), netstack.ErrConnectionRefused)
		_, err = refused.GetRemoteAddress()
		require.ErrorIs(t, err, netstack.ErrNotConnected)
	})
}

func TestEndpointClosed(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) {
		c, s := connected(t, one, two, fam)
		u := newEndpoint(t, one, netstack.UDP, fam.network)
		require.NoError(t, u.Connect(netstack.FullAddress{Addr: fam.two, Port: 9}))
		unbound := newEndpoint(t, one, netstack.TCP, fam.network)
		for _, e := range []netstack.Endpoint{c, u, unbound} {
			require.NoError(t, e.Close())
			require.NoError(t, e.Close())
			require.NoError(t, e.Abort())
			_, err := e.Read(make([]byte, 1), nil)
			require.ErrorIs(t, err, netstack.ErrClosedForReceive)
			_, err = e.Peek(make([]byte, 1))
			require.ErrorIs(t, err, netstack.ErrClosedForReceive)
			_, err = e.Write([]byte("x"), nil)
			require.ErrorIs(t, err, netstack.ErrClosedForSend)
			_, err = e.SendMsg([]byte("x"), &netstack.Message{More: e == c})
			require.ErrorIs(t, err, netstack.ErrClosedForSend)
			_, err = e.Accept()
			require.ErrorIs(t, err, net.ErrClosed)
			for _, err := range []error{
				e.Connect(netstack.FullAddress{Addr: fam.two, Port: 9}),
				e.Bind(netstack.FullAddress{}, nil),
				e.Bind(netstack.FullAddress{}, func() error { panic("called") }),
				e.Listen(1), e.Shutdown(netstack.ShutdownRead),
				e.SetSockOpt(netstack.ReuseAddressOption(true)),
				unboundClient(t, one, fam).ConnectEndpoint(e),
			} {
				require.ErrorIs(t, err, net.ErrClosed)
				require.ErrorIs(t, err, netstack.ErrInvalidEndpointState)
			}
		}
		_, err := u.SendMsg([]byte("x"), &netstack.Message{ControlMessages: netstack.ControlMessages{TOS: 4}})
		require.ErrorIs(t, err, netstack.ErrClosedForSend)
		require.ErrorIs(t, readError(t, s), netstack.ErrClosedForReceive)
	})
}

func unboundClient(t testing.TB, s *netstack.Stack, fam family) netstack.Endpoint {
	t.Helper()
	return newEndpoint(t, s, netstack.TCP, fam.network)
}

func TestEndpointOfClosedStack(t *testing.T) {
	one, two := stacks(t)
	c, _ := connected(t, one, two, families[0])
	u := newEndpoint(t, one, netstack.UDP, netstack.IPv4)
	require.NoError(t, u.Bind(netstack.FullAddress{}, nil))
	require.NoError(t, one.Close())
	for _, e := range []netstack.Endpoint{c, u} {
		await(t, e, netstack.EventIn)
		_, err := e.Read(make([]byte, 1), nil)
		require.ErrorIs(t, err, netstack.ErrClosedForReceive)
		require.ErrorIs(t, err, net.ErrClosed)
	}
	_, err := one.NewEndpoint(netstack.TCP, netstack.IPv4)
	require.ErrorIs(t, err, netstack.ErrStackClosed)
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestNewEndpoint(t *testing.T) {
	one, _ := stacks(t)
	for _, c := range []struct {
		transport netstack.TransportProtocolNumber
		network   netstack.NetworkProtocolNumber
		text      string
	}{
		{netstack.TCP, 0x0806, "netstack: new endpoint: network=0x806: unknown protocol"},
		{99, netstack.IPv4, "netstack: new endpoint: transport=0x63: unknown protocol"},
		{netstack.ICMPv6, netstack.IPv4, "netstack: new endpoint: transport=0x3a: unknown protocol"},
		{netstack.ICMPv4, netstack.IPv6, "netstack: new endpoint: transport=0x1: unknown protocol"},
	} {
		e, err := one.NewEndpoint(c.transport, c.network)
		require.EqualError(t, err, c.text)
		require.ErrorIs(t, err, netstack.ErrUnknownProtocol)
		require.Nil(t, e)
	}
}

func TestListenBacklog(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) {
		for backlog, want := range []int{2, 2, 3} {
			l, a := listener(t, two, fam.network, fam.two, backlog)
			for range want {
				require.NoError(t, connect(t, newEndpoint(t, one, netstack.TCP, fam.network), a))
			}
			for range want {
				s := accept(t, l)
				var info netstack.InfoOption
				require.NoError(t, s.GetSockOpt(&info))
				assert.Equal(t, "ESTABLISHED", info.State)
			}
		}
	})
	one, _ := stacks(t)
	l := newEndpoint(t, one, netstack.TCP, netstack.IPv4)
	require.EqualError(t, l.Listen(-1), "netstack: listen: backlog=-1: invalid option value specified: want 0 to 65535")
	require.ErrorIs(t, l.Listen(65536), netstack.ErrInvalidOptionValue)
	require.NoError(t, l.Listen(65535))
	require.NoError(t, l.Listen(3), "changes it")
}

func TestShutdownFlags(t *testing.T) {
	one, two := stacks(t)
	c, s := connected(t, one, two, families[0])
	require.EqualError(t, c.Shutdown(0), "netstack: shutdown: flags=0: invalid option value specified: want 1 to 3")
	require.ErrorIs(t, c.Shutdown(4), netstack.ErrInvalidOptionValue)
	require.NoError(t, c.Shutdown(netstack.ShutdownRead))
	require.ErrorIs(t, readError(t, c), netstack.ErrClosedForReceive)
	write(t, c, "still")
	assert.Equal(t, "still", readText(t, s))
	require.NoError(t, c.Shutdown(netstack.ShutdownRead|netstack.ShutdownWrite))

	u := newEndpoint(t, one, netstack.UDP, netstack.IPv4)
	require.ErrorIs(t, u.Shutdown(netstack.ShutdownRead), netstack.ErrNotConnected)
	require.NoError(t, u.Bind(netstack.FullAddress{}, nil))
	require.ErrorIs(t, u.Shutdown(netstack.ShutdownWrite), netstack.ErrNotConnected)
	_, err := u.Write([]byte("x"), &netstack.FullAddress{Addr: families[0].two, Port: 9})
	require.ErrorIs(t, err, netstack.ErrClosedForSend, "and yet it was done")
}
