package netstack_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

func TestConnectAddress(t *testing.T) {
	eachTransport(t, func(t *testing.T, tr netstack.TransportProtocolNumber, one, _ *netstack.Stack, fam family) {
		for _, c := range []struct {
			to   netstack.FullAddress
			want error
		}{
			{netstack.FullAddress{Addr: fam.two}, netstack.ErrDestinationRequired},
			{netstack.FullAddress{Port: 80}, netstack.ErrDestinationRequired},
			{netstack.FullAddress{Addr: netip.MustParseAddr("198.51.100.1"), Port: 80}, netstack.ErrNoRoute},
			{netstack.FullAddress{Addr: fam.two, Port: 80, NIC: 9}, netstack.ErrNoRoute},
			{netstack.FullAddress{Addr: fam.two, Port: 80, NIC: -9}, netstack.ErrUnknownNICID},
		} {
			e := newEndpoint(t, one, tr, fam.network)
			err := e.Connect(c.to)
			require.ErrorIs(t, err, c.want, c.to.String())
			var detail *netstack.Error
			require.ErrorAs(t, err, &detail)
			assert.Equal(t, c.to.String(), detail.Value)
		}
	})
}

// TestConnectUnspecified reaches the stack itself, as with the kernel.
func TestConnectUnspecified(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, _ *netstack.Stack, fam family) {
		l, a := listener(t, one, fam.network, fam.any, 1)
		c := newEndpoint(t, one, netstack.TCP, fam.network)
		to := netstack.FullAddress{Addr: fam.any, Port: a.Port}
		if fam.echo == 0 {
			to.Addr = netip.IPv4Unspecified()
		}
		require.NoError(t, connect(t, c, to))
		remote, err := c.GetRemoteAddress()
		require.NoError(t, err)
		assert.Equal(t, fam.loop, remote.Addr)
		write(t, c, "me")
		assert.Equal(t, "me", readText(t, accept(t, l)))
	})
}

func TestDisconnect(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, _ *netstack.Stack, fam family) {
		u := newEndpoint(t, one, netstack.UDP, fam.network)
		require.NoError(t, u.Connect(netstack.FullAddress{Addr: fam.two, Port: 9}))
		a, err := u.GetRemoteAddress()
		require.NoError(t, err)
		assert.Equal(t, fam.two, a.Addr)
		require.NoError(t, u.Connect(netstack.FullAddress{}))
		_, err = u.GetRemoteAddress()
		require.ErrorIs(t, err, netstack.ErrNotConnected)
		_, err = u.Write([]byte("x"), nil)
		require.ErrorIs(t, err, netstack.ErrDestinationRequired)
		require.ErrorIs(t, newEndpoint(t, one, netstack.TCP, fam.network).Connect(netstack.FullAddress{}), netstack.ErrDestinationRequired)
	})
}

func TestConnectEndpoint(t *testing.T) {
	eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) {
		for name, server := range map[string]*netstack.Stack{"same stack": one, "other stack": two} {
			for _, at := range []netip.Addr{fam.any, map[*netstack.Stack]netip.Addr{one: fam.one, two: fam.two}[server]} {
				l, _ := listener(t, server, fam.network, at, 1)
				c := newEndpoint(t, one, netstack.TCP, fam.network)
				require.Equal(t, netstack.ErrConnectStarted, c.ConnectEndpoint(l), name)
				require.NoError(t, outcome(t, c))
				write(t, c, name)
				assert.Equal(t, name, readText(t, accept(t, l)))

				u := newEndpoint(t, server, netstack.UDP, fam.network)
				require.NoError(t, u.Bind(netstack.FullAddress{Addr: at}, nil))
				d := newEndpoint(t, one, netstack.UDP, fam.network)
				require.NoError(t, d.ConnectEndpoint(u))
				write(t, d, name)
				assert.Equal(t, name, readText(t, u))
			}
		}
		c := newEndpoint(t, one, netstack.TCP, fam.network)
		require.ErrorIs(t, c.ConnectEndpoint(newEndpoint(t, two, netstack.TCP, fam.network)), netstack.ErrInvalidEndpointState, "not bound")
		require.ErrorIs(t, c.ConnectEndpoint(newEndpoint(t, two, netstack.UDP, fam.network)), netstack.ErrNotSupported)
		require.ErrorIs(t, c.ConnectEndpoint(nil), netstack.ErrNotSupported)
		require.ErrorIs(t, c.ConnectEndpoint(struct{ netstack.Endpoint }{}), netstack.ErrNotSupported)
		far, _ := listener(t, hostFar(t), fam.network, fam.any, 1)
		require.ErrorIs(t, c.ConnectEndpoint(far), netstack.ErrNoRoute)
	})
}

// hostFar returns a stack that nobody has a route to.
func hostFar(t *testing.T) *netstack.Stack {
	t.Helper()
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, netstack.Loopback))
	require.NoError(t, s.AddAddress(1, netip.MustParsePrefix("198.51.100.1/32")))
	require.NoError(t, s.AddAddress(1, netip.MustParsePrefix("2001:db8:2::1/128")))
	return s
}
