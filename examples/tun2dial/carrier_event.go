package main

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/strata-net/strata/netstack/forward"
	"github.com/strata-net/strata/tunx"
)

// streamEvent is a forwarder's event as it is shown.
func (c *carrier) streamEvent(e forward.Event) event {
	v := c.stream(&e.Flow)
	v.Time = time.Now()
	v.Event = map[forward.EventKind]string{
		forward.FlowOpened: "open", forward.FlowClosed: "close", forward.FlowRefused: "refuse",
	}[e.Kind]
	if e.Err != nil {
		v.Cause = e.Err.Error()
	}
	return v
}

// stream is a flow as it is shown.
func (c *carrier) stream(f *forward.Flow) event {
	v := event{
		Network: "tcp", Client: f.Src.String(), Target: c.shown(f.Dst), Event: "dial",
		Sent: f.Sent, Received: f.Received, Seconds: time.Since(f.Started).Seconds(),
	}
	if f.Open {
		v.Event = "open"
	}
	return v
}

// sessionEvent is the same for a UDP session.
func (c *carrier) sessionEvent(word string, i tunx.SessionInfo, cause error) event {
	v := event{
		Time: time.Now(), Event: word, Network: "udp", Client: i.Local.String(), Target: "*",
		Sent: i.Sent.Bytes, Received: i.Received.Bytes, Seconds: time.Since(i.Opened).Seconds(),
	}
	if cause != nil && !errors.Is(cause, tunx.ErrClosed) {
		v.Cause = cause.Error()
	}
	if errors.Is(cause, tunx.ErrPortUnreachable) { // it was never open
		v.Event = "refuse"
	}
	return v
}

// shown is the name that an address stands for.
func (c *carrier) shown(a netip.AddrPort) string {
	if c.names == nil {
		return a.String()
	}
	return net.JoinHostPort(c.names.host(a.Addr()), portText(a))
}

// list returns the flows that there are.
func (c *carrier) list() []event {
	var list []event
	for f := range c.forwarder.Flows() {
		list = append(list, c.stream(&f))
	}
	for s := range c.forwarder.Sessions() {
		list = append(list, c.sessionEvent("open", s, nil))
	}
	return list
}
