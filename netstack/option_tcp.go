package netstack

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

func getNoDelay(o *sockOpts) bool { return !o.GetDelayOption() }

func setNoDelay(o *sockOpts, v bool) { o.SetDelayOption(!v) }

func getError(ep tcpip.Endpoint, to any) error {
	to.(*ErrorOption).Err = fail("last error", ep.LastError())
	return nil
}

func getDontFragment(ep tcpip.Endpoint, to any) error {
	v, err := ep.GetSockOptInt(tcpip.MTUDiscoverOption)
	*to.(*DontFragmentOption) = tcpip.PMTUDStrategy(v) != tcpip.PMTUDiscoveryDont
	return wrap(err)
}

func setDontFragment(ep tcpip.Endpoint, v any) error {
	s := tcpip.PMTUDiscoveryDont
	if v.(DontFragmentOption) {
		s = tcpip.PMTUDiscoveryDo
	}
	return wrap(ep.SetSockOptInt(tcpip.MTUDiscoverOption, int(s)))
}

func getBindToDevice(ep tcpip.Endpoint, to any) error {
	*to.(*BindToDeviceOption) = BindToDeviceOption(ep.SocketOptions().GetBindToDevice())
	return nil
}

// setBindToDevice refuses a change of what is bound, which would have no effect; the engine
// could not even unregister an ICMP endpoint any more.
func setBindToDevice(ep tcpip.Endpoint, v any) error {
	if a, err := ep.GetLocalAddress(); err != nil || a.Port != 0 {
		return ErrInvalidEndpointState
	}
	if ep.SocketOptions().SetBindToDevice(int32(v.(BindToDeviceOption))) != nil {
		return ErrUnknownNICID
	}
	return nil
}

// keepAlive holds what a zero field means, which is what package net says, and the bounds,
// which are the kernel's.
const (
	keepAliveIdle, keepAliveCount = 15 * time.Second, 9
	maxKeepAlive, maxProbes       = 32767 * time.Second, 127
)

func getKeepAlive(ep tcpip.Endpoint, to any) error {
	k := to.(*KeepAliveOption)
	var idle tcpip.KeepaliveIdleOption
	var interval tcpip.KeepaliveIntervalOption
	for _, o := range []tcpip.GettableSocketOption{&idle, &interval} {
		if err := ep.GetSockOpt(o); err != nil {
			return wrap(err)
		}
	}
	n, err := ep.GetSockOptInt(tcpip.KeepaliveCountOption)
	k.Enable, k.Idle, k.Interval, k.Count = ep.SocketOptions().GetKeepAlive(), time.Duration(idle), time.Duration(interval), n
	return wrap(err)
}

func setKeepAlive(ep tcpip.Endpoint, v any) error {
	k := v.(KeepAliveOption)
	var old KeepAliveOption
	if err := getKeepAlive(ep, &old); err != nil {
		return err
	}
	k.Idle = setOr(k.Idle, keepAliveIdle, old.Idle)
	k.Interval = setOr(k.Interval, keepAliveIdle, old.Interval)
	k.Count = setOr(k.Count, keepAliveCount, old.Count)
	switch {
	case k.Idle > max(maxKeepAlive, old.Idle), k.Interval > max(maxKeepAlive, old.Interval):
		return rangeError{"at most " + maxKeepAlive.String()}
	case k.Count > max(maxProbes, old.Count):
		return outOfRange(1, maxProbes)
	}
	idle, interval := tcpip.KeepaliveIdleOption(k.Idle), tcpip.KeepaliveIntervalOption(k.Interval)
	for _, o := range []tcpip.SettableSocketOption{&idle, &interval} {
		if err := ep.SetSockOpt(o); err != nil {
			return wrap(err)
		}
	}
	if err := ep.SetSockOptInt(tcpip.KeepaliveCountOption, k.Count); err != nil {
		return wrap(err)
	}
	ep.SocketOptions().SetKeepAlive(k.Enable)
	return nil
}

// setOr returns v, what it is if zero, or what there is if negative.
func setOr[T ~int | ~int64](v, zero, negative T) T {
	switch {
	case v == 0:
		return zero
	case v < 0:
		return negative
	}
	return v
}

const maxLinger = 65535 * time.Second

func getLinger(ep tcpip.Endpoint, to any) error {
	*to.(*LingerOption) = LingerOption(ep.SocketOptions().GetLinger())
	return nil
}

func setLinger(ep tcpip.Endpoint, v any) error {
	l := v.(LingerOption)
	if l.Timeout < 0 || l.Timeout > maxLinger {
		return rangeError{"0s to " + maxLinger.String()}
	}
	ep.SocketOptions().SetLinger(tcpip.LingerOption(l))
	return nil
}

func getCongestion(ep tcpip.Endpoint, to any) error {
	var v tcpip.CongestionControlOption
	err := ep.GetSockOpt(&v)
	*to.(*CongestionOption) = CongestionOption(v)
	return wrap(err)
}

func setCongestion(ep tcpip.Endpoint, v any) error {
	c := tcpip.CongestionControlOption(v.(CongestionOption))
	if ep.SetSockOpt(&c) != nil {
		return rangeError{"cubic or reno"}
	}
	return nil
}

func getInfo(ep tcpip.Endpoint, to any) error {
	var v tcpip.TCPInfoOption
	if err := ep.GetSockOpt(&v); err != nil {
		return wrap(err)
	}
	i := to.(*InfoOption)
	*i = InfoOption{
		State: tcp.EndpointState(v.State).String(), RTT: v.RTT, RTTVar: v.RTTVar, RTO: v.RTO,
		SndCwnd: v.SndCwnd, SndSsthresh: v.SndSsthresh, Reordering: v.ReorderSeen,
	}
	if st, ok := ep.Stats().(*tcp.Stats); ok {
		i.SegmentsSent, i.SegmentsReceived = st.SegmentsSent.Value(), st.SegmentsReceived.Value()
		i.Retransmits, i.Timeouts = st.SendErrors.Retransmits.Value(), st.SendErrors.Timeouts.Value()
	}
	return nil
}
