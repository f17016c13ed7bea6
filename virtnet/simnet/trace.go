package simnet

import (
	"iter"
	"slices"
	"sync"
	"time"
)

// trace keeps the newest events. It is safe for concurrent use.
type trace struct {
	max int // of events; 0: keep none

	mu     sync.Mutex
	events []Event       // grows to max, then it is a ring
	next   int           // in a full ring, the oldest event: where the next one goes
	gone   uint64        // events that were overwritten
	last   time.Duration // of addTwice
	after  time.Duration
	// after is the time of the newest overwritten event. Of events at one time
	// goroutines decide which comes first, and so which is overwritten: that
	// none of them is shown keeps the trace the same in every run.
}

// on tells whether events are kept, so that nobody makes them for nothing.
func (t *trace) on() bool { return t.max > 0 }

// add keeps an event. The trace owns e.Data from now on.
func (t *trace) add(e Event) {
	if !t.on() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(e)
}

// put keeps an event. The caller holds the lock.
func (t *trace) put(e Event) {
	if len(t.events) < t.max {
		t.events = append(t.events, e)
		return
	}
	t.after = max(t.after, t.events[t.next].Time)
	t.events[t.next] = e
	t.next = (t.next + 1) % t.max
	t.gone++
}

// addTwice keeps the events of a packet that arrives as it is sent. They get a time of
// their own: what such a packet answers is before it, whatever the resolution of the
// clock. The caller has asked whether the trace is on.
func (t *trace) addTwice(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e.Time = max(e.Time, t.last+1)
	t.last = e.Time
	t.put(e)
	e.Kind = KindDeliver
	t.put(e)
}

// snapshot returns what is kept, in the canonical order.
func (t *trace) snapshot() (kept []Event, dropped uint64) {
	t.mu.Lock()
	kept, dropped = slices.Clone(t.events), t.gone
	after := t.after
	t.mu.Unlock()
	if dropped > 0 {
		all := len(kept)
		kept = slices.DeleteFunc(kept, func(e Event) bool { return e.Time <= after })
		dropped += uint64(all - len(kept)) //nolint:gosec // not negative: DeleteFunc only shortens
	}
	slices.SortStableFunc(kept, func(a, b Event) int { return a.compare(&b) })
	return kept, dropped
}

// all iterates over a snapshot that is made when the iteration begins.
func (t *trace) all() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		kept, _ := t.snapshot()
		for _, e := range kept {
			if !yield(e) {
				return
			}
		}
	}
}

// TraceDropped returns how many events [Network.Trace] does not have any more,
// because there have been more than Config.MaxEvents.
func (n *Network) TraceDropped() uint64 {
	_, dropped := n.trace.snapshot()
	return dropped
}
