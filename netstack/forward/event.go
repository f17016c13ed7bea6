package forward

import (
	"iter"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/tunx"
)

// EventKind is what happened to a flow.
type EventKind uint8

// The kinds of events.
const (
	FlowOpened  EventKind = iota + 1 // the dial has succeeded and the client's SYN was answered
	FlowClosed                       // it has ended: Err is nil when both directions did, else why it was reset
	FlowRefused                      // the dial has failed, or the client gave up: Err says which
)

// Event tells of a flow.
type Event struct {
	Kind EventKind
	Flow Flow
	Err  error
}

// Flow is a snapshot of a TCP flow.
type Flow struct {
	ID             uint64
	Src, Dst       netip.AddrPort
	Started        time.Time
	Open           bool   // false while it is being dialled
	Sent, Received uint64 // bytes from the client, and to it
	Idle           time.Duration
}

// Stats is a snapshot of a forwarder's counters.
type Stats struct {
	Flows, Dialing  int    // now
	Opened, Refused uint64 // TCP flows
	Reset           uint64 // TCP flows that did not end in order
	OverHalfOpen    uint64 // SYNs above MaxHalfOpen
	OverFlows       uint64 // SYNs above MaxFlows
	OverPerSource   uint64 // SYNs above MaxPerSource
	EchoAnswered    uint64
	EchoDropped     uint64
	UDPDropped      uint64 // datagrams that no session took
	UDP             tunx.SessionStats
}

type counters struct {
	opened, refused, reset, echoAnswered, echoDropped, udpDropped atomic.Uint64

	over [overTime + 1]atomic.Uint64 // SYNs by the bound
}

// Stats returns the counters.
func (f *Forwarder) Stats() Stats {
	f.flows.mu.Lock()
	all, dialing := len(f.flows.all), f.flows.dialing
	f.flows.mu.Unlock()
	c := &f.stats
	return Stats{
		Flows: all - dialing, Dialing: dialing, Opened: c.opened.Load(), Refused: c.refused.Load(), Reset: c.reset.Load(),
		OverHalfOpen: c.over[overHalfOpen].Load(), OverFlows: c.over[overFlows].Load(), OverPerSource: c.over[overPerSource].Load(),
		EchoAnswered: c.echoAnswered.Load(), EchoDropped: c.echoDropped.Load(),
		UDPDropped: c.udpDropped.Load(), UDP: f.udp.Stats(),
	}
}

// Flows yields the TCP flows of this moment.
func (f *Forwarder) Flows() iter.Seq[Flow] {
	f.flows.mu.Lock()
	all := make([]Flow, 0, len(f.flows.all))
	for w := range f.flows.all {
		all = append(all, w.snapshot())
	}
	f.flows.mu.Unlock()
	return func(yield func(Flow) bool) {
		for _, w := range all {
			if !yield(w) {
				return
			}
		}
	}
}

func (w *flow) snapshot() Flow {
	s := Flow{ID: w.id, Src: w.src, Dst: w.dst, Started: w.started, Open: w.open}
	if w.splice != nil {
		s.Sent, s.Received, s.Idle = w.splice.Sent(), w.splice.Received(), w.splice.Idle()
	}
	return s
}

// report counts what happened and tells it.
func (w *flow) report(kind EventKind, err error) {
	switch {
	case kind == FlowRefused:
		w.f.stats.refused.Add(1)
	case kind == FlowClosed && err != nil:
		w.f.stats.reset.Add(1)
	}
	if w.f.config.OnFlow == nil {
		return
	}
	w.f.flows.mu.Lock()
	s := w.snapshot()
	w.f.flows.mu.Unlock()
	w.f.config.OnFlow(Event{kind, s, err})
}
