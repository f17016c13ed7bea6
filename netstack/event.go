package netstack

import (
	"sync"

	"gvisor.dev/gvisor/pkg/waiter"
)

// EventMask is a set of events.
type EventMask uint32

// The events of an endpoint.
const (
	// EventIn: something can be read, or accepted, or the end of the stream has come.
	EventIn EventMask = 1 << iota
	// EventOut: something can be written, or a connect has ended.
	EventOut
	// EventErr: ErrorOption has something.
	EventErr
	// EventHUp: the endpoint has no conn: it has ended, or not begun.
	EventHUp

	allEvents = EventIn | EventOut | EventErr | EventHUp
)

// events holds for each event that of the engine.
var events = [...]struct {
	ours   EventMask
	theirs waiter.EventMask
}{
	{EventIn, waiter.ReadableEvents},
	{EventOut, waiter.WritableEvents},
	{EventErr, waiter.EventErr},
	{EventHUp, waiter.EventHUp},
}

func waiterMask(m EventMask) (w waiter.EventMask) {
	for _, e := range events {
		if m&e.ours != 0 {
			w |= e.theirs
		}
	}
	return w
}

func eventMask(w waiter.EventMask) (m EventMask) {
	for _, e := range events {
		if w&e.theirs != 0 {
			m |= e.ours
		}
	}
	return m
}

// Readiness implements Endpoint.
func (e *endpoint) Readiness(mask EventMask) EventMask {
	always := EventErr | EventHUp
	return eventMask(e.engine().Readiness(waiterMask(mask|always))) & (mask | always)
}

// Notify implements Endpoint.
func (e *endpoint) Notify(mask EventMask, f func(EventMask)) (stop func()) {
	n := &notifier{f: f}
	// The engine calls with its locks held, so f runs elsewhere.
	entry := waiter.NewFunctionEntry(waiterMask(mask), func(w waiter.EventMask) { n.add(eventMask(w) & mask) })
	e.wq.EventRegister(&entry)
	n.add(e.Readiness(mask) & mask)
	return sync.OnceFunc(func() {
		n.stop()
		e.wq.EventUnregister(&entry)
	})
}

// notifier calls f in a goroutine that lives as long as there are events.
type notifier struct {
	f func(EventMask)

	mu       sync.Mutex
	pending  EventMask
	running  bool
	finished bool
}

func (n *notifier) add(m EventMask) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if m == 0 || n.finished {
		return
	}
	n.pending |= m
	if !n.running {
		n.running = true
		go n.run()
	}
}

func (n *notifier) run() {
	for m := n.next(); m != 0; m = n.next() {
		n.f(m)
	}
}

// next returns what is pending, or 0 and there is no goroutine any more.
func (n *notifier) next() EventMask {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := n.pending
	n.pending = 0
	n.running = m != 0
	return m
}

func (n *notifier) stop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.finished, n.pending = true, 0
}
