package dtlsx

import "net"

// Event is something that happened to a conn that Accept does not tell about.
type Event struct {
	Kind EventKind
	// Remote is the peer.
	Remote net.Addr
	// Err is the cause, nil for what a limit refused.
	Err error
}

// EventKind is what happened.
type EventKind uint8

// Each kind has a counter in [ListenerStats].
const (
	_                EventKind = iota
	RefusedBySource            // by MaxConnsPerSource
	RefusedByLimit             // by MaxConns
	HandshakeFailed            // the handshake failed or took too long
	HandshakeDropped           // a client that was slow with its handshake had to make room for another one
	CutIdle                    // by IdleTimeout
	Replaced                   // the same address has begun another association, and finished its handshake
	eventKinds
)

// firstOfOpen is the first kind that concerns conns that Accept has returned: it
// can follow Close.
const firstOfOpen = CutIdle

var eventNames = [eventKinds]string{
	RefusedBySource:  "refused by source",
	RefusedByLimit:   "refused by limit",
	HandshakeFailed:  "handshake failed",
	HandshakeDropped: "handshake dropped",
	CutIdle:          "cut as idle",
	Replaced:         "replaced",
}

// String returns the kind in words: "refused by limit".
func (k EventKind) String() string {
	if k == 0 || k >= eventKinds {
		return "unknown"
	}
	return eventNames[k]
}

// happened counts an event, does what it is about, and tells the hook. In this
// order, so that who sees the deed finds it counted. The caller holds no lock.
// What Close ends is no event.
func (l *Listener) happened(e Event, deed func()) {
	over := e.Kind < firstOfOpen && l.done()
	if !over {
		l.counts.events[e.Kind].Add(1)
	}
	if deed != nil {
		deed()
	}
	if !over && l.config.OnEvent != nil {
		l.config.OnEvent(e)
	}
}
