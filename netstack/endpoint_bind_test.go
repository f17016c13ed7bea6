package netstack_test

import (
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

var transports = map[string]netstack.TransportProtocolNumber{"TCP": netstack.TCP, "UDP": netstack.UDP}

// eachTransport runs f with both transports that have ports.
func eachTransport(t *testing.T, f func(t *testing.T, tr netstack.TransportProtocolNumber, one, two *netstack.Stack, fam family)) {
	t.Helper()
	for name, tr := range transports {
		t.Run(name, func(t *testing.T) {
			eachFamily(t, func(t *testing.T, one, two *netstack.Stack, fam family) { f(t, tr, one, two, fam) })
		})
	}
}

func TestBindCommit(t *testing.T) {
	eachTransport(t, func(t *testing.T, tr netstack.TransportProtocolNumber, one, _ *netstack.Stack, fam family) {
		e := newEndpoint(t, one, tr, fam.network)
		a := netstack.FullAddress{Addr: fam.one, Port: 80}
		require.NoError(t, e.Bind(a, func() error {
			got, err := e.GetLocalAddress()
			require.NoError(t, err)
			assert.Equal(t, a.Port, got.Port, "commit sees the address")
			_, err = e.Read(make([]byte, 1), nil)
			require.Equal(t, netstack.ErrWouldBlock, err)
			_, err = e.Write([]byte("x"), &a)
			require.Error(t, err)
			_, err = e.Accept()
			require.ErrorIs(t, err, netstack.ErrInvalidEndpointState)
			for _, err := range []error{
				e.Listen(1), e.Connect(a), e.Bind(a, nil), e.Bind(a, func() error { return nil }),
				e.Shutdown(netstack.ShutdownRead),
			} {
				require.ErrorIs(t, err, netstack.ErrInvalidEndpointState, "nobody can use it meanwhile")
			}
			require.ErrorIs(t, newEndpoint(t, one, tr, fam.network).Bind(a, nil), netstack.ErrPortInUse)
			return nil
		}))
		require.ErrorIs(t, e.Bind(a, nil), netstack.ErrAlreadyBound)
		require.ErrorIs(t, e.Bind(a, func() error { panic("called") }), netstack.ErrAlreadyBound)
	})
}

func TestBindCommitFails(t *testing.T) {
	eachTransport(t, func(t *testing.T, tr netstack.TransportProtocolNumber, one, _ *netstack.Stack, fam family) {
		e := newEndpoint(t, one, tr, fam.network)
		require.NoError(t, e.SetSockOpt(netstack.TTLOption(7)))
		require.NoError(t, e.SetSockOpt(netstack.ReceiveBufferSizeOption(20000)))
		a := netstack.FullAddress{Addr: fam.one, Port: 80}
		bad := errors.New("no")
		err := e.Bind(a, func() error { return bad })
		require.EqualError(t, err, "netstack: bind: commit: no")
		require.ErrorIs(t, err, bad)
		unbound(t, e)

		require.PanicsWithValue(t, "commit", func() { _ = e.Bind(a, func() error { panic("commit") }) })
		unbound(t, e)
		var g sync.WaitGroup
		g.Go(func() { _ = e.Bind(a, func() error { runtime.Goexit(); return nil }) })
		g.Wait()
		unbound(t, e)

		other := newEndpoint(t, one, tr, fam.network)
		require.NoError(t, other.Bind(a, nil), "the port is free again")
		require.ErrorIs(t, e.Bind(a, func() error { panic("called") }), netstack.ErrPortInUse)
		require.NoError(t, other.Close())
		require.NoError(t, e.Bind(a, func() error { return nil }), "and for itself")
		var ttl netstack.TTLOption
		require.NoError(t, e.GetSockOpt(&ttl))
		assert.EqualValues(t, 7, ttl, "options stay")
		var size netstack.ReceiveBufferSizeOption
		require.NoError(t, e.GetSockOpt(&size))
		assert.EqualValues(t, 20000, size)
	})
}

func unbound(t *testing.T, e netstack.Endpoint) {
	t.Helper()
	a, err := e.GetLocalAddress()
	require.NoError(t, err)
	require.Zero(t, a)
}

func TestBindCommitCloses(t *testing.T) {
	eachTransport(t, func(t *testing.T, tr netstack.TransportProtocolNumber, one, _ *netstack.Stack, fam family) {
		for _, answer := range []error{nil, errors.New("no")} {
			e := newEndpoint(t, one, tr, fam.network)
			a := netstack.FullAddress{Addr: fam.one, Port: 80}
			require.ErrorIs(t, e.Bind(a, func() error {
				require.NoError(t, e.Close())
				return answer
			}), answer)
			_, err := e.Read(make([]byte, 1), nil)
			require.ErrorIs(t, err, netstack.ErrClosedForReceive)
			again := newEndpoint(t, one, tr, fam.network)
			require.NoError(t, again.Bind(a, nil), "the port is free")
			require.NoError(t, again.Close())
		}
	})
}

// TestBindWakes binds while another goroutine polls: what comes during commit is not lost.
func TestBindWakes(t *testing.T) {
	one, two := stacks(t)
	e := newEndpoint(t, two, netstack.UDP, netstack.IPv4)
	a := netstack.FullAddress{Addr: families[0].two, Port: 80}
	require.NoError(t, e.Bind(a, func() error {
		c := newEndpoint(t, one, netstack.UDP, netstack.IPv4)
		_, err := c.Write([]byte("early"), &a)
		require.NoError(t, err)
		await(t, e, netstack.EventIn)
		_, err = e.Read(make([]byte, 10), nil)
		require.Equal(t, netstack.ErrWouldBlock, err)
		return nil
	}))
	assert.Equal(t, "early", readText(t, e))
}

func TestBindAddress(t *testing.T) {
	one, _ := stacks(t)
	for _, c := range []struct {
		name    string
		network netstack.NetworkProtocolNumber
		to      netstack.FullAddress
		want    error
	}{
		{"somebody else's", netstack.IPv4, netstack.FullAddress{Addr: families[0].two}, netstack.ErrBadLocalAddress},
		{"other family", netstack.IPv4, netstack.FullAddress{Addr: families[1].one}, netstack.ErrAddressFamilyNotSupported},
		{"mapped", netstack.IPv4, netstack.FullAddress{Addr: netip.AddrFrom16(families[0].one.As16())}, nil},
		{"IPv4 over IPv6", netstack.IPv6, netstack.FullAddress{Addr: families[0].one}, nil},
		{"no NIC", netstack.IPv4, netstack.FullAddress{Addr: families[0].one, NIC: 9}, netstack.ErrBadLocalAddress},
		{"its NIC", netstack.IPv4, netstack.FullAddress{Addr: families[0].one, NIC: 1}, nil},
		{"negative NIC", netstack.IPv4, netstack.FullAddress{Addr: families[0].one, NIC: -1}, netstack.ErrUnknownNICID},
		{"unknown zone", netstack.IPv6, netstack.FullAddress{Addr: families[1].one.WithZone("eth9")}, netstack.ErrUnknownNICID},
		{"zone", netstack.IPv6, netstack.FullAddress{Addr: families[1].one.WithZone("1")}, nil},
		{"zone of another NIC", netstack.IPv6, netstack.FullAddress{Addr: families[1].one.WithZone("1"), NIC: 2}, netstack.ErrUnknownNICID},
	} {
		for _, tr := range transports {
			t.Run(c.name, func(t *testing.T) {
				e := newEndpoint(t, one, tr, c.network)
				err := e.Bind(c.to, nil)
				if c.want == nil {
					require.NoError(t, err)
					a, err := e.GetLocalAddress()
					require.NoError(t, err)
					assert.Equal(t, c.to.Addr.Unmap().WithZone(""), a.Addr)
					return
				}
				require.ErrorIs(t, err, c.want)
				var detail *netstack.Error
				require.ErrorAs(t, err, &detail)
				assert.Equal(t, "bind", detail.Op)
				assert.Equal(t, "address", detail.Field)
				assert.Equal(t, c.to.String(), detail.Value)
			})
		}
	}
}

// TestBindAnyIPv4 binds what is over IPv6 to IPv4 only.
func TestBindAnyIPv4(t *testing.T) {
	one, _ := stacks(t)
	for _, tr := range transports {
		require.NoError(t, newEndpoint(t, one, tr, netstack.IPv6).Bind(netstack.FullAddress{Addr: netip.IPv4Unspecified(), Port: 80}, nil))
		require.ErrorIs(t, newEndpoint(t, one, tr, netstack.IPv4).Bind(netstack.FullAddress{Port: 80}, nil), netstack.ErrPortInUse)
		e := newEndpoint(t, one, tr, netstack.IPv6)
		require.NoError(t, e.SetSockOpt(netstack.V6OnlyOption(true)))
		require.NoError(t, e.Bind(netstack.FullAddress{Port: 80}, nil), "IPv6 is free")
	}
}

func TestFullAddressString(t *testing.T) {
	for want, a := range map[string]netstack.FullAddress{
		":0":                        {},
		":80":                       {Port: 80},
		"192.0.2.1:80":              {Addr: families[0].one, Port: 80},
		"[2001:db8::1]:80 at NIC 2": {Addr: families[1].one, Port: 80, NIC: 2},
	} {
		assert.Equal(t, want, a.String())
	}
}
