package netstack_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// family is what tests of endpoints are run with.
type family struct {
	name      string
	network   netstack.NetworkProtocolNumber
	echo      netstack.TransportProtocolNumber
	one, two  netip.Addr // of the two stacks
	loop, any netip.Addr
}

var families = []family{
	{
		name: "IPv4", network: netstack.IPv4, echo: netstack.ICMPv4,
		one: netip.MustParseAddr("192.0.2.1"), two: netip.MustParseAddr("192.0.2.2"),
		loop: netip.MustParseAddr("127.0.0.1"), any: netip.IPv4Unspecified(),
	},
	{
		name: "IPv6", network: netstack.IPv6, echo: netstack.ICMPv6,
		one: netip.MustParseAddr("2001:db8::1"), two: netip.MustParseAddr("2001:db8::2"),
		loop: netip.IPv6Loopback(), any: netip.IPv6Unspecified(),
	},
	{
		name: "IPv4 over IPv6", network: netstack.IPv6,
		one: netip.MustParseAddr("192.0.2.1"), two: netip.MustParseAddr("192.0.2.2"),
		loop: netip.MustParseAddr("127.0.0.1"), any: netip.IPv6Unspecified(),
	},
}

// eachFamily runs f with two stacks that a pipe joins.
func eachFamily(t *testing.T, f func(t *testing.T, one, two *netstack.Stack, fam family)) {
	t.Helper()
	for _, fam := range families {
		t.Run(fam.name, func(t *testing.T) {
			one, two := stacks(t)
			f(t, one, two, fam)
		})
	}
}

func stacks(t testing.TB) (one, two *netstack.Stack) {
	t.Helper()
	a, b := tunx.Pipe(1500)
	return hostOn(t, a, families[0].one, families[1].one), hostOn(t, b, families[0].two, families[1].two)
}

// hostOn returns a stack with dev as NIC 1 and Loopback as NIC 2.
func hostOn(t testing.TB, dev tunx.IPDevice, addrs ...netip.Addr) *netstack.Stack {
	t.Helper()
	s, err := netstack.New(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.CreateNIC(1, dev))
	var table []netstack.Route
	for _, a := range addrs {
		bits := 24
		if a.Is6() {
			bits = 64
		}
		require.NoError(t, s.AddAddress(1, netip.PrefixFrom(a, bits)))
		table = append(table, netstack.Route{Destination: netip.PrefixFrom(a, bits).Masked(), NIC: 1})
	}
	require.NoError(t, s.CreateNIC(2, netstack.Loopback))
	require.NoError(t, s.SetRouteTable(table))
	return s
}

func newEndpoint(t testing.TB, s *netstack.Stack, tr netstack.TransportProtocolNumber, n netstack.NetworkProtocolNumber) netstack.Endpoint {
	t.Helper()
	e, err := s.NewEndpoint(tr, n)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// listener returns an endpoint that listens.
func listener(t testing.TB, s *netstack.Stack, n netstack.NetworkProtocolNumber, addr netip.Addr, backlog int) (netstack.Endpoint, netstack.FullAddress) {
	t.Helper()
	l := newEndpoint(t, s, netstack.TCP, n)
	require.NoError(t, l.Bind(netstack.FullAddress{Addr: addr}, nil))
	require.NoError(t, l.Listen(backlog))
	a, err := l.GetLocalAddress()
	require.NoError(t, err)
	return l, a
}

// connected returns both ends of a conn.
func connected(t testing.TB, one, two *netstack.Stack, fam family) (client, server netstack.Endpoint) {
	t.Helper()
	l, a := listener(t, two, fam.network, fam.two, 1)
	client = newEndpoint(t, one, netstack.TCP, fam.network)
	require.NoError(t, connect(t, client, a))
	return client, accept(t, l)
}

// connect waits for the outcome.
func connect(t testing.TB, e netstack.Endpoint, to netstack.FullAddress) error {
	t.Helper()
	if err := e.Connect(to); !errors.Is(err, netstack.ErrConnectStarted) {
		return err
	}
	return outcome(t, e)
}

func outcome(t testing.TB, e netstack.Endpoint) error {
	t.Helper()
	await(t, e, netstack.EventOut)
	var o netstack.ErrorOption
	require.NoError(t, e.GetSockOpt(&o))
	return o.Err
}

func accept(t testing.TB, l netstack.Endpoint) netstack.Endpoint {
	t.Helper()
	await(t, l, netstack.EventIn)
	e, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// patience is for what comes for sure: only a failing test waits that long.
const patience = 30 * time.Second

// await waits for one of the events.
func await(t testing.TB, e netstack.Endpoint, mask netstack.EventMask) {
	t.Helper()
	if !awaitFor(e, mask, patience) {
		require.Fail(t, "no event", "waited for %b, there is %b", mask, e.Readiness(mask))
	}
}

func awaitFor(e netstack.Endpoint, mask netstack.EventMask, d time.Duration) bool {
	ready := make(chan struct{}, 1)
	stop := e.Notify(mask, func(netstack.EventMask) {
		select {
		case ready <- struct{}{}:
		default:
		}
	})
	defer stop()
	end := time.After(d)
	for e.Readiness(mask)&mask == 0 {
		select {
		case <-ready:
		case <-end:
			return false
		}
	}
	return true
}

// read waits for something to read.
func read(t testing.TB, e netstack.Endpoint, p []byte, from *netstack.FullAddress) (int, error) {
	t.Helper()
	for {
		n, err := e.Read(p, from)
		if !errors.Is(err, netstack.ErrWouldBlock) {
			return n, err
		}
		await(t, e, netstack.EventIn)
	}
}

func readText(t testing.TB, e netstack.Endpoint) string {
	t.Helper()
	p := make([]byte, 100)
	n, err := read(t, e, p, nil)
	require.NoError(t, err)
	return string(p[:n])
}

// readError reads until there is an error.
func readError(t testing.TB, e netstack.Endpoint) error {
	t.Helper()
	for {
		if _, err := read(t, e, make([]byte, 4096), nil); err != nil {
			return err
		}
	}
}

func write(t testing.TB, e netstack.Endpoint, text string) {
	t.Helper()
	n, err := e.Write([]byte(text), nil)
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}
