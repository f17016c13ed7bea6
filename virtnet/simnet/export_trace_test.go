package simnet

import "iter"

// Trace is a trace without a network.
type Trace struct{ trace }

func NewTrace(events int) *Trace { return &Trace{trace{max: events}} }

func (t *Trace) Add(e Event)          { t.add(e) }
func (t *Trace) All() iter.Seq[Event] { return t.all() }
func (t *Trace) Dropped() uint64 {
	return (&Network{trace: trace{max: t.max, events: t.events, gone: t.gone, after: t.after}}).TraceDropped()
}
