package netstack_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// optionCase sets value, then other, and reads each. bad does not go, for the reason in text.
type optionCase struct {
	of           []netstack.TransportProtocolNumber
	value, other netstack.SettableOption
	bad          netstack.SettableOption
	text         string
}

var (
	all      = []netstack.TransportProtocolNumber{netstack.TCP, netstack.UDP, netstack.ICMPv6}
	datagram = []netstack.TransportProtocolNumber{netstack.UDP, netstack.ICMPv6}
	tcp      = []netstack.TransportProtocolNumber{netstack.TCP}
	udp      = []netstack.TransportProtocolNumber{netstack.UDP}
)

const invalid = "invalid option value specified: want "

// optionCases has each option that can be set, PasscredOption aside.
var optionCases = []optionCase{
	{of: all, value: netstack.ReuseAddressOption(true), other: netstack.ReuseAddressOption(false)},
	{of: all, value: netstack.ReusePortOption(true), other: netstack.ReusePortOption(false)},
	{of: all, value: netstack.SendBufferSizeOption(30000), other: netstack.SendBufferSizeOption(40000), bad: netstack.SendBufferSizeOption(-1), text: invalid},
	{of: all, value: netstack.ReceiveBufferSizeOption(30000), other: netstack.ReceiveBufferSizeOption(40000), bad: netstack.ReceiveBufferSizeOption(1 << 40), text: invalid},
	{of: all, value: netstack.TTLOption(1), other: netstack.TTLOption(255), bad: netstack.TTLOption(256), text: invalid + "0 to 255"},
	{of: all, value: netstack.HopLimitOption(0), other: netstack.HopLimitOption(-1), bad: netstack.HopLimitOption(-2), text: invalid + "-1 to 255"},
	{of: datagram, value: netstack.TOSOption(3), other: netstack.TOSOption(0), bad: netstack.TOSOption(-1), text: invalid + "0 to 255"},
	{of: tcp, value: netstack.TOSOption(0x20), other: netstack.TOSOption(0), bad: netstack.TOSOption(256), text: invalid + "0 to 255"},
	{of: all, value: netstack.TrafficClassOption(0x40), other: netstack.TrafficClassOption(0), bad: netstack.TrafficClassOption(256), text: invalid + "0 to 255"},
	{of: all, value: netstack.DontFragmentOption(false), other: netstack.DontFragmentOption(true)},
	{of: all, value: netstack.V6OnlyOption(true), other: netstack.V6OnlyOption(false)},
	{of: all, value: netstack.BindToDeviceOption(1), other: netstack.BindToDeviceOption(0), bad: netstack.BindToDeviceOption(9), text: "unknown nic id"},
	{of: datagram, value: netstack.BroadcastOption(true), other: netstack.BroadcastOption(false)},
	{of: udp, value: netstack.NoChecksumOption(true), other: netstack.NoChecksumOption(false)},
	{of: tcp, value: netstack.NoDelayOption(false), other: netstack.NoDelayOption(true)},
	{
		of: tcp, value: netstack.KeepAliveOption{Enable: true, Idle: time.Minute, Interval: time.Second, Count: 3},
		other: netstack.KeepAliveOption{Idle: time.Hour, Interval: time.Minute, Count: 127},
		bad:   netstack.KeepAliveOption{Idle: 10 * time.Hour}, text: invalid + "at most 9h6m7s",
	},
	{of: tcp, value: netstack.KeepAliveOption{Enable: true, Idle: 1, Interval: 1, Count: 1}, other: netstack.KeepAliveOption{Idle: 2, Interval: 2, Count: 2}, bad: netstack.KeepAliveOption{Count: 128}, text: invalid + "1 to 127"},
	{of: tcp, value: netstack.LingerOption{Enabled: true}, other: netstack.LingerOption{Timeout: time.Second}, bad: netstack.LingerOption{Timeout: -1}, text: invalid + "0s to 18h12m15s"},
	{of: tcp, value: netstack.LingerTimeoutOption(time.Second), other: netstack.LingerTimeoutOption(time.Minute), bad: netstack.LingerTimeoutOption(-1), text: invalid + "0s to 2m0s"},
	{of: tcp, value: netstack.CongestionOption("reno"), other: netstack.CongestionOption("cubic"), bad: netstack.CongestionOption("bbr"), text: invalid + "cubic or reno"},
	{of: tcp, value: netstack.UserTimeoutOption(time.Second), other: netstack.UserTimeoutOption(0), bad: netstack.UserTimeoutOption(-1), text: invalid + "0s to 596h31m23.647s"},
	{of: tcp, value: netstack.DeferAcceptOption(time.Second), other: netstack.DeferAcceptOption(0), bad: netstack.DeferAcceptOption(time.Hour), text: invalid + "0s to 2m0s"},
	{of: tcp, value: netstack.MaxSegmentOption(1000), other: netstack.MaxSegmentOption(88), bad: netstack.MaxSegmentOption(87), text: invalid + "88 to 65535"},
}

func TestOptions(t *testing.T) {
	one, _ := stacks(t)
	for _, c := range optionCases {
		for _, tr := range c.of {
			name := reflect.TypeOf(c.value).Name()
			t.Run(name, func(t *testing.T) {
				e := newEndpoint(t, one, tr, netstack.IPv6)
				for _, v := range []netstack.SettableOption{c.value, c.other, c.value} {
					require.NoError(t, e.SetSockOpt(v))
					require.Equal(t, v, get(t, e, v))
				}
				p := reflect.New(reflect.TypeOf(c.other))
				p.Elem().Set(reflect.ValueOf(c.other))
				require.NoError(t, e.SetSockOpt(p.Interface().(netstack.SettableOption)), "a pointer goes, too")
				require.Equal(t, c.other, get(t, e, c.other))
				if c.bad == nil {
					return
				}
				err := e.SetSockOpt(c.bad)
				require.ErrorContains(t, err, "netstack: set: "+name+"=")
				require.ErrorContains(t, err, c.text)
				var detail *netstack.Error
				require.ErrorAs(t, err, &detail)
				assert.Equal(t, name, detail.Field)
				assert.NotEmpty(t, detail.Value)
				require.Equal(t, c.other, get(t, e, c.other), "unchanged")
			})
		}
	}
}

func get(t *testing.T, e netstack.Endpoint, like netstack.SettableOption) any {
	t.Helper()
	p := reflect.New(reflect.TypeOf(like))
	require.NoError(t, e.GetSockOpt(p.Interface().(netstack.GettableOption)))
	return p.Elem().Interface()
}

// TestOptionOfOthers sets each option where it is not.
func TestOptionOfOthers(t *testing.T) {
	one, _ := stacks(t)
	for _, c := range optionCases {
		for _, tr := range []netstack.TransportProtocolNumber{netstack.TCP, netstack.UDP, netstack.ICMPv6} {
			e := newEndpoint(t, one, tr, netstack.IPv6)
			p := reflect.New(reflect.TypeOf(c.value)).Interface().(netstack.GettableOption)
			if err := e.SetSockOpt(c.value); err != nil {
				require.ErrorIs(t, err, netstack.ErrUnknownOption)
				require.ErrorIs(t, e.GetSockOpt(p), netstack.ErrUnknownOption)
				assert.NotContains(t, c.of, tr)
				continue
			}
			require.NoError(t, e.GetSockOpt(p))
		}
	}
	e := newEndpoint(t, one, netstack.UDP, netstack.IPv4)
	for _, v := range []netstack.SettableOption{netstack.HopLimitOption(1), netstack.TrafficClassOption(1), netstack.V6OnlyOption(true)} {
		require.ErrorIs(t, e.SetSockOpt(v), netstack.ErrUnknownOption, "of IPv6 only")
	}
	require.ErrorIs(t, e.GetSockOpt(new(netstack.InfoOption)), netstack.ErrUnknownOption)
}

func TestOptionNil(t *testing.T) {
	one, _ := stacks(t)
	e := newEndpoint(t, one, netstack.TCP, netstack.IPv4)
	require.ErrorIs(t, e.SetSockOpt(nil), netstack.ErrInvalidOptionValue)
	require.ErrorIs(t, e.SetSockOpt((*netstack.NoDelayOption)(nil)), netstack.ErrInvalidOptionValue)
	require.ErrorIs(t, e.GetSockOpt(nil), netstack.ErrInvalidOptionValue)
	require.ErrorIs(t, e.GetSockOpt((*netstack.NoDelayOption)(nil)), netstack.ErrInvalidOptionValue)
}

func TestBindToDeviceOptionLate(t *testing.T) {
	one, _ := stacks(t)
	for _, tr := range []netstack.TransportProtocolNumber{netstack.TCP, netstack.UDP, netstack.ICMPv4} {
		e := newEndpoint(t, one, tr, netstack.IPv4)
		require.NoError(t, e.SetSockOpt(netstack.BindToDeviceOption(1)))
		require.NoError(t, e.Bind(netstack.FullAddress{}, nil))
		require.ErrorIs(t, e.SetSockOpt(netstack.BindToDeviceOption(0)), netstack.ErrInvalidEndpointState)
	}
}

func TestPasscredOption(t *testing.T) {
	one, _ := stacks(t)
	e := newEndpoint(t, one, netstack.TCP, netstack.IPv4)
	err := e.SetSockOpt(netstack.PasscredOption(true))
	require.EqualError(t, err, "netstack: set: PasscredOption=true: operation not supported")
	require.ErrorIs(t, err, netstack.ErrNotSupported)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, e.GetSockOpt(new(netstack.PasscredOption)), netstack.ErrNotSupported)
}

func TestKeepAliveOptionDefaults(t *testing.T) {
	one, _ := stacks(t)
	e := newEndpoint(t, one, netstack.TCP, netstack.IPv4)
	require.NoError(t, e.SetSockOpt(netstack.KeepAliveOption{Enable: true, Idle: time.Minute}))
	want := netstack.KeepAliveOption{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 9}
	assert.Equal(t, want, get(t, e, want))
	require.NoError(t, e.SetSockOpt(netstack.KeepAliveOption{Enable: true, Idle: -1, Interval: -1, Count: 2}))
	want.Count = 2
	assert.Equal(t, want, get(t, e, want))
}

func TestInfoOption(t *testing.T) {
	one, two := stacks(t)
	e := newEndpoint(t, one, netstack.TCP, netstack.IPv4)
	var info netstack.InfoOption
	require.NoError(t, e.GetSockOpt(&info))
	assert.Equal(t, netstack.InfoOption{State: "CLOSED"}, info)
	c, s := connected(t, one, two, families[0])
	write(t, c, "hello")
	assert.Equal(t, "hello", readText(t, s))
	write(t, s, "hello")
	assert.Equal(t, "hello", readText(t, c))
	require.NoError(t, c.GetSockOpt(&info))
	assert.Equal(t, "ESTABLISHED", info.State)
	assert.Positive(t, info.SndCwnd)
	assert.Positive(t, info.SndSsthresh)
	assert.Positive(t, info.RTO)
	assert.Positive(t, info.RTT)
	assert.Positive(t, info.SegmentsSent)
	assert.Positive(t, info.SegmentsReceived)
}

func TestReceiveQueueSizeOption(t *testing.T) {
	one, two := stacks(t)
	c, s := connected(t, one, two, families[0])
	var n netstack.ReceiveQueueSizeOption
	require.NoError(t, s.GetSockOpt(&n))
	assert.Zero(t, n)
	write(t, c, "hello")
	await(t, s, netstack.EventIn)
	require.NoError(t, s.GetSockOpt(&n))
	assert.EqualValues(t, 5, n)

	u, to := boundUDP(t, two, families[0], families[0].two)
	d := newEndpoint(t, one, netstack.UDP, netstack.IPv4)
	for _, text := range []string{"one", "three"} {
		_, err := d.Write([]byte(text), &to)
		require.NoError(t, err)
	}
	await(t, u, netstack.EventIn)
	require.NoError(t, u.GetSockOpt(&n))
	assert.EqualValues(t, 3, n, "of the next datagram")
}

func TestLingerOptionResets(t *testing.T) {
	one, two := stacks(t)
	c, s := connected(t, one, two, families[0])
	require.NoError(t, c.SetSockOpt(netstack.LingerOption{Enabled: true}))
	require.NoError(t, c.Close())
	require.ErrorIs(t, readError(t, s), netstack.ErrConnectionReset)
}

func TestReusePortOption(t *testing.T) {
	eachTransport(t, func(t *testing.T, tr netstack.TransportProtocolNumber, one, _ *netstack.Stack, fam family) {
		for range 2 {
			e := newEndpoint(t, one, tr, fam.network)
			require.NoError(t, e.SetSockOpt(netstack.ReusePortOption(true)))
			require.NoError(t, e.Bind(netstack.FullAddress{Addr: fam.one, Port: 80}, nil))
		}
		require.ErrorIs(t, newEndpoint(t, one, tr, fam.network).Bind(netstack.FullAddress{Addr: fam.one, Port: 80}, nil), netstack.ErrPortInUse)
	})
}
