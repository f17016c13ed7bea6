package netstack_test

import (
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// lab is what the cases of TestErrors happen on.
type lab struct {
	t        *testing.T
	one, two *netstack.Stack
}

func (l lab) tcp() netstack.Endpoint { return newEndpoint(l.t, l.one, netstack.TCP, netstack.IPv4) }
func (l lab) udp() netstack.Endpoint { return newEndpoint(l.t, l.one, netstack.UDP, netstack.IPv4) }

func (l lab) conn() (client, server netstack.Endpoint) {
	return connected(l.t, l.one, l.two, families[0])
}

func (l lab) ok(err error) { l.t.Helper(); require.NoError(l.t, err) }

// at is an address of stack two; port 9 is closed.
var at = netstack.FullAddress{Addr: netip.MustParseAddr("192.0.2.2"), Port: 9}

// own is an address of stack one.
var own = netstack.FullAddress{Addr: netip.MustParseAddr("192.0.2.1"), Port: 80}

// errorCases produces each error by what it is for.
var errorCases = []struct {
	want error
	text string // "" is not compared
	f    func(l lab) error
}{
	{netstack.ErrUnknownProtocol, "netstack: new endpoint: transport=0x84: unknown protocol", func(l lab) error {
		_, err := l.one.NewEndpoint(132, netstack.IPv4)
		return err
	}},
	{netstack.ErrUnknownNICID, "netstack: set: BindToDeviceOption=9: unknown nic id", func(l lab) error {
		return l.tcp().SetSockOpt(netstack.BindToDeviceOption(9))
	}},
	{netstack.ErrDuplicateNICID, "", func(l lab) error { return l.one.CreateNIC(1, device(l.t)) }},
	{netstack.ErrDuplicateAddress, "", func(l lab) error { return l.one.AddAddress(1, netip.PrefixFrom(own.Addr, 24)) }},
	{netstack.ErrNoRoute, "netstack: connect: address=198.51.100.1:80: network is unreachable", func(l lab) error {
		return l.tcp().Connect(netstack.FullAddress{Addr: netip.MustParseAddr("198.51.100.1"), Port: 80})
	}},
	{netstack.ErrBadLinkEndpoint, "", func(l lab) error { return l.one.CreateNIC(3, nil) }},
	{netstack.ErrAlreadyBound, "netstack: bind: address=192.0.2.1:80: endpoint already bound", func(l lab) error {
		e := l.udp()
		l.ok(e.Bind(own, nil))
		return e.Bind(own, nil)
	}},
	{netstack.ErrInvalidEndpointState, "netstack: listen: endpoint is in invalid state", func(l lab) error {
		c, _ := l.conn()
		return c.Listen(1)
	}},
	{netstack.ErrAlreadyConnecting, "netstack: connect: address=192.0.2.2:9: endpoint is already connecting", func(l lab) error {
		e := newEndpoint(l.t, blackHole(l.t), netstack.TCP, netstack.IPv4)
		require.Equal(l.t, netstack.ErrConnectStarted, e.Connect(at))
		return e.Connect(at)
	}},
	{netstack.ErrAlreadyConnected, "", func(l lab) error {
		c, _ := l.conn()
		l.ok(c.Connect(at)) // tells once that it succeeded
		return c.Connect(at)
	}},
	{netstack.ErrNoPortAvailable, "netstack: bind: address=:0: no ports are available", func(l lab) error {
		s, err := netstack.New(&netstack.Config{PortRange: [2]uint16{5000, 5000}})
		l.ok(err)
		l.t.Cleanup(func() { l.ok(s.Close()) })
		l.ok(newEndpoint(l.t, s, netstack.UDP, netstack.IPv4).Bind(netstack.FullAddress{}, nil))
		return newEndpoint(l.t, s, netstack.UDP, netstack.IPv4).Bind(netstack.FullAddress{}, nil)
	}},
	{netstack.ErrPortInUse, "netstack: bind: address=192.0.2.1:80: port is in use", func(l lab) error {
		l.ok(l.tcp().Bind(own, nil))
		return l.tcp().Bind(own, nil)
	}},
	{netstack.ErrBadLocalAddress, "netstack: bind: address=192.0.2.2:9: bad local address", func(l lab) error {
		return l.tcp().Bind(at, nil)
	}},
	{netstack.ErrClosedForSend, "netstack: write: endpoint is closed for send", func(l lab) error {
		c, _ := l.conn()
		l.ok(c.Shutdown(netstack.ShutdownWrite))
		_, err := c.Write([]byte("x"), nil)
		return err
	}},
	{netstack.ErrClosedForReceive, "netstack: read: endpoint is closed for receive", func(l lab) error {
		c, s := l.conn()
		l.ok(c.Close())
		return readError(l.t, s)
	}},
	{netstack.ErrWouldBlock, "operation would block", func(l lab) error {
		c, _ := l.conn()
		_, err := c.Read(make([]byte, 1), nil)
		return err
	}},
	{netstack.ErrConnectionRefused, "netstack: last error: connection was refused", func(l lab) error {
		return connect(l.t, l.tcp(), at)
	}},
	{netstack.ErrConnectionRefused, "netstack: read: connection was refused", func(l lab) error {
		u := l.udp()
		l.ok(u.Connect(at))
		write(l.t, u, "x")
		await(l.t, u, netstack.EventErr)
		_, err := u.Read(nil, nil)
		return err
	}},
	{netstack.ErrTimeout, "netstack: read: operation timed out", func(l lab) error {
		a, b := tunx.Pipe(0)
		cable := &cable{IPDevice: a}
		l.one, l.two = hostOn(l.t, cable, own.Addr), hostOn(l.t, b, at.Addr)
		c, _ := l.conn()
		l.ok(c.SetSockOpt(netstack.UserTimeoutOption(time.Millisecond)))
		cable.cut.Store(true)
		write(l.t, c, "lost")
		return readError(l.t, c)
	}},
	{netstack.ErrAborted, "netstack: last error: operation aborted", func(l lab) error {
		c, _ := l.conn()
		l.ok(c.Abort())
		var o netstack.ErrorOption
		l.ok(c.GetSockOpt(&o))
		return o.Err
	}},
	{netstack.ErrConnectStarted, "connection attempt started", func(l lab) error { return l.tcp().Connect(at) }},
	{netstack.ErrDestinationRequired, "netstack: write: destination address is required", func(l lab) error {
		_, err := l.udp().Write([]byte("x"), nil)
		return err
	}},
	{netstack.ErrNotSupported, "netstack: listen: operation not supported", func(l lab) error { return l.udp().Listen(1) }},
	{netstack.ErrNotConnected, "netstack: get remote address: endpoint not connected", func(l lab) error {
		_, err := l.tcp().GetRemoteAddress()
		return err
	}},
	{netstack.ErrConnectionReset, "netstack: read: connection reset by peer", func(l lab) error {
		c, s := l.conn()
		l.ok(s.Abort())
		return readError(l.t, c)
	}},
	{netstack.ErrConnectionAborted, "netstack: connect: address=192.0.2.2:9: connection aborted", func(l lab) error {
		e := l.tcp()
		require.Error(l.t, connect(l.t, e, at))
		return e.Connect(at)
	}},

	// What the document does not have.
	{netstack.ErrMessageTooLong, "netstack: write: message too long", func(l lab) error {
		_, err := l.udp().Write(make([]byte, 65536), &at)
		return err
	}},
	{netstack.ErrBroadcastDisabled, "netstack: write: broadcast socket option disabled", func(l lab) error {
		_, err := l.udp().Write([]byte("x"), &netstack.FullAddress{Addr: netip.MustParseAddr("192.0.2.255"), Port: 9})
		return err
	}},
	{netstack.ErrAddressFamilyNotSupported, "", func(l lab) error { return l.tcp().Bind(netstack.FullAddress{Addr: families[1].one}, nil) }},
	{netstack.ErrInvalidOptionValue, "netstack: set: TTLOption=300: invalid option value specified: want 0 to 255", func(l lab) error {
		return l.udp().SetSockOpt(netstack.TTLOption(300))
	}},
	{netstack.ErrUnknownOption, "netstack: set: NoDelayOption=true: unknown option for protocol", func(l lab) error {
		return l.udp().SetSockOpt(netstack.NoDelayOption(true))
	}},
	{netstack.ErrStackClosed, "netstack: new endpoint: stack is closed", func(l lab) error {
		l.ok(l.one.Close())
		_, err := l.one.NewEndpoint(netstack.TCP, netstack.IPv4)
		return err
	}},
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range errorCases {
		t.Run(c.want.Error(), func(t *testing.T) {
			t.Parallel()
			one, two := stacks(t)
			err := c.f(lab{t, one, two})
			require.ErrorIs(t, err, c.want)
			if c.text != "" {
				require.EqualError(t, err, c.text)
			}
			var n net.Error
			require.ErrorAs(t, err, &n)
			assert.Equal(t, errors.Is(err, netstack.ErrTimeout), n.Timeout())
		})
	}
}

// cable loses what is written once it is cut.
type cable struct {
	tunx.IPDevice
	cut atomic.Bool
}

func (c *cable) Write(p []byte) (int, error) {
	if c.cut.Load() {
		return len(p), nil
	}
	return c.IPDevice.Write(p)
}

func device(t *testing.T) tunx.IPDevice {
	t.Helper()
	a, b := tunx.Pipe(0)
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a
}

// blackHole returns a stack whose packets nobody answers.
func blackHole(t *testing.T) *netstack.Stack {
	t.Helper()
	a, b := tunx.Pipe(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for p := make([]byte, 65535); ; {
			if _, err := b.Read(p); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = b.Close(); <-done })
	return hostOn(t, a, own.Addr)
}
