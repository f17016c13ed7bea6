package simnet

import (
	"iter"
	"slices"
	"time"
)

// Filter returns the events for which every function holds.
//
//	for e := range simnet.Filter(n.Trace(), simnet.OfKind(simnet.KindDrop), simnet.OfHost("a")) {
func Filter(events iter.Seq[Event], keep ...func(Event) bool) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for e := range events {
			drops := func(keep func(Event) bool) bool { return !keep(e) }
			if !slices.ContainsFunc(keep, drops) && !yield(e) {
				return
			}
		}
	}
}

// OfKind holds for events of one of these kinds.
func OfKind(kinds ...Kind) func(Event) bool {
	return func(e Event) bool { return slices.Contains(kinds, e.Kind) }
}

// OfHost holds for events that have one of these hosts as source or destination.
func OfHost(names ...string) func(Event) bool {
	return func(e Event) bool { return slices.Contains(names, e.Source) || slices.Contains(names, e.Destination) }
}

// OfFlow holds for the events of one conn, or of the datagrams of one flow.
func OfFlow(flow uint64) func(Event) bool {
	return func(e Event) bool { return e.Protocol != 0 && e.Flow == flow }
}

// OfPort holds for packets from or to a port.
func OfPort(port uint16) func(Event) bool {
	return func(e Event) bool { return e.Protocol != 0 && (e.From.Port() == port || e.To.Port() == port) }
}

// Between holds for events at a time of from or later, and before to.
func Between(from, to time.Duration) func(Event) bool {
	return func(e Event) bool { return from <= e.Time && e.Time < to }
}
