package netstack

import (
	"math"
	"reflect"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

var (
	onlyTCP      = []TransportProtocolNumber{TCP}
	onlyUDP      = []TransportProtocolNumber{UDP}
	onlyDatagram = []TransportProtocolNumber{UDP, ICMPv4, ICMPv6}
)

// options holds all options by their types. Those of the interfaces without an entry here
// fail a test.
var options = map[reflect.Type]option{
	reflect.TypeFor[ErrorOption]():             {get: getError},
	reflect.TypeFor[ReuseAddressOption]():      flag[ReuseAddressOption]((*sockOpts).GetReuseAddress, (*sockOpts).SetReuseAddress, nil),
	reflect.TypeFor[ReusePortOption]():         flag[ReusePortOption]((*sockOpts).GetReusePort, (*sockOpts).SetReusePort, nil),
	reflect.TypeFor[SendBufferSizeOption]():    queueSize[SendBufferSizeOption]((*sockOpts).SendBufferLimits, (*sockOpts).GetSendBufferSize, (*sockOpts).SetSendBufferSize),
	reflect.TypeFor[ReceiveBufferSizeOption](): queueSize[ReceiveBufferSizeOption]((*sockOpts).ReceiveBufferLimits, (*sockOpts).GetReceiveBufferSize, (*sockOpts).SetReceiveBufferSize),
	reflect.TypeFor[ReceiveQueueSizeOption]():  readOnly(number[ReceiveQueueSizeOption](tcpip.ReceiveQueueSizeOption, 0, 0, nil)),
	reflect.TypeFor[TTLOption]():               number[TTLOption](tcpip.IPv4TTLOption, 0, 255, nil),
	reflect.TypeFor[HopLimitOption]():          overIPv6(number[HopLimitOption](tcpip.IPv6HopLimitOption, -1, 255, nil)),
	reflect.TypeFor[TOSOption]():               number[TOSOption](tcpip.IPv4TOSOption, 0, 255, nil),
	reflect.TypeFor[TrafficClassOption]():      overIPv6(number[TrafficClassOption](tcpip.IPv6TrafficClassOption, 0, 255, nil)),
	reflect.TypeFor[DontFragmentOption]():      {get: getDontFragment, set: setDontFragment},
	reflect.TypeFor[V6OnlyOption]():            overIPv6(flag[V6OnlyOption]((*sockOpts).GetV6Only, (*sockOpts).SetV6Only, nil)),
	reflect.TypeFor[BindToDeviceOption]():      {get: getBindToDevice, set: setBindToDevice},
	reflect.TypeFor[PasscredOption]():          {get: notSupported, set: notSupported},

	reflect.TypeFor[BroadcastOption]():  flag[BroadcastOption]((*sockOpts).GetBroadcast, (*sockOpts).SetBroadcast, onlyDatagram),
	reflect.TypeFor[NoChecksumOption](): flag[NoChecksumOption]((*sockOpts).GetNoChecksum, (*sockOpts).SetNoChecksum, onlyUDP),

	reflect.TypeFor[NoDelayOption]():       flag[NoDelayOption](getNoDelay, setNoDelay, onlyTCP),
	reflect.TypeFor[KeepAliveOption]():     {of: onlyTCP, get: getKeepAlive, set: setKeepAlive},
	reflect.TypeFor[LingerOption]():        {of: onlyTCP, get: getLinger, set: setLinger},
	reflect.TypeFor[LingerTimeoutOption](): span[LingerTimeoutOption, tcpip.TCPLingerTimeoutOption](120*time.Second, onlyTCP),
	reflect.TypeFor[CongestionOption]():    {of: onlyTCP, get: getCongestion, set: setCongestion},
	reflect.TypeFor[UserTimeoutOption]():   span[UserTimeoutOption, tcpip.TCPUserTimeoutOption](math.MaxInt32*time.Millisecond, onlyTCP),
	reflect.TypeFor[DeferAcceptOption]():   span[DeferAcceptOption, tcpip.TCPDeferAcceptOption](120*time.Second, onlyTCP),
	reflect.TypeFor[MaxSegmentOption]():    number[MaxSegmentOption](tcpip.MaxSegOption, header.TCPMinimumMSS, header.TCPMaximumMSS, onlyTCP),
	reflect.TypeFor[InfoOption]():          {of: onlyTCP, get: getInfo},
}

type sockOpts = tcpip.SocketOptions

func overIPv6(o option) option { o.v6 = true; return o }

func readOnly(o option) option { o.set = nil; return o }

func notSupported(tcpip.Endpoint, any) error { return ErrNotSupported }

// flag is an option that the engine holds in the socket options of every endpoint.
func flag[T ~bool](get func(*sockOpts) bool, set func(*sockOpts, bool), of []TransportProtocolNumber) option {
	return option{
		of:  of,
		get: func(ep tcpip.Endpoint, to any) error { *to.(*T) = T(get(ep.SocketOptions())); return nil },
		set: func(ep tcpip.Endpoint, v any) error { set(ep.SocketOptions(), bool(v.(T))); return nil },
	}
}

// number is an integer option of the engine.
func number[T ~int](opt tcpip.SockOptInt, low, high int, of []TransportProtocolNumber) option {
	return option{
		of: of,
		get: func(ep tcpip.Endpoint, to any) error {
			v, err := ep.GetSockOptInt(opt)
			*to.(*T) = T(v)
			return wrap(err)
		},
		set: func(ep tcpip.Endpoint, v any) error {
			n := int(v.(T))
			if n < low || n > high {
				return outOfRange(int64(low), int64(high))
			}
			return wrap(ep.SetSockOptInt(opt, n))
		},
	}
}

// span is an option of the engine that is a time from 0.
func span[T, E ~int64, P interface {
	*E
	tcpip.SettableSocketOption
	tcpip.GettableSocketOption
}](high time.Duration, of []TransportProtocolNumber) option {
	return option{
		of: of,
		get: func(ep tcpip.Endpoint, to any) error {
			var v E
			err := ep.GetSockOpt(P(&v))
			*to.(*T) = T(v)
			return wrap(err)
		},
		set: func(ep tcpip.Endpoint, x any) error {
			v := E(x.(T))
			if v < 0 || int64(v) > int64(high) {
				return rangeError{"0s to " + high.String()}
			}
			return wrap(ep.SetSockOpt(P(&v)))
		},
	}
}

// queueSize is the size of a queue, whose bounds the stack has.
func queueSize[T ~int](limits func(*sockOpts) (int64, int64), get func(*sockOpts) int64, set func(*sockOpts, int64, bool)) option {
	return option{
		get: func(ep tcpip.Endpoint, to any) error { *to.(*T) = T(get(ep.SocketOptions())); return nil },
		set: func(ep tcpip.Endpoint, v any) error {
			n := int64(v.(T))
			if low, high := limits(ep.SocketOptions()); n < low || n > high {
				return outOfRange(low, high)
			}
			set(ep.SocketOptions(), n, true)
			return nil
		},
	}
}
