package listener

import (
	"net"
	"time"
)

// Event is something that happened to a conn.
type Event struct {
	Kind EventKind
	// Local and Remote are the ends of the conn; those that a PROXY header
	// announces, if it was read. Remote is nil for AcceptFailed.
	Local, Remote net.Addr
	// Err is the cause, nil for what a rule or limit refused, and for Accepted and
	// Closed.
	Err error
	// Duration is of Accepted and Closed: for how long the conn is open, from when
	// the socket delivered it. So for Accepted it is what the PROXY header, the TLS
	// handshake and the wait for Accept took. 0 if conns are not tracked, see
	// Config.Track.
	Duration time.Duration
	// Received and Sent are of Closed: the bytes on the socket, those of TLS and of
	// the PROXY header included. Received can be one too many if both ends were shut
	// down before Close: the kernel counts the end of a stream too. -1 where the
	// kernel does not count: it does for TCP, but not Multipath TCP, on Linux (4.19).
	Received, Sent int64
}

// EventKind is what happened.
type EventKind uint8

// Each kind but Closed has a counter in [Stats].
const (
	_                EventKind = iota
	RefusedByRule              // by Allow or Deny
	RefusedBySource            // by MaxConnsPerSource
	RefusedByRate              // by AcceptRate
	RefusedByLimit             // by MaxConns
	RefusedUntrusted           // by ProxyProtocol.Untrusted
	RefusedAnnounced           // by Deny or ProxyProtocol.Allow, for what the PROXY header announces
	HeaderFailed               // the PROXY header is bad or did not come in time
	HandshakeFailed            // the TLS handshake failed or took too long
	HandshakeDropped           // a client that was slow with its header or handshake had to make room for another one
	CutIdle                    // by IdleTimeout
	CutAge                     // by MaxAge
	CutSlow                    // by MinReceiveRate
	AcceptFailed               // the system has no descriptor or memory for a conn; it is tried again
	Accepted                   // Accept is about to return the conn
	Closed                     // a conn that was Accepted is closed, by whomever; needs Config.Track
	eventKinds
)

// firstOfOpen is the first kind that concerns conns that Accept has returned: it
// can follow Close.
const firstOfOpen = CutIdle

var eventNames = [eventKinds]string{
	RefusedByRule:    "refused by rule",
	RefusedBySource:  "refused by source",
	RefusedByRate:    "refused by rate",
	RefusedByLimit:   "refused by limit",
	RefusedUntrusted: "refused as untrusted",
	RefusedAnnounced: "refused as announced",
	HeaderFailed:     "header failed",
	HandshakeFailed:  "handshake failed",
	HandshakeDropped: "handshake dropped",
	CutIdle:          "cut as idle",
	CutAge:           "cut as old",
	CutSlow:          "cut as slow",
	AcceptFailed:     "accept failed",
	Accepted:         "accepted",
	Closed:           "closed",
}

// String returns the kind in words: "refused by rule".
func (k EventKind) String() string {
	if k == 0 || k >= eventKinds {
		return "unknown"
	}
	return eventNames[k]
}

// happened counts an event, does what it is about, and tells the hook. In this
// order, so that who sees the deed finds it counted, and the hook delays
// nothing. The caller holds no lock. What Close ends is no event.
func (g *gate) happened(e Event, deed func()) {
	over := g.closed() && e.Kind < firstOfOpen
	if !over {
		g.counts.events[e.Kind].Add(1)
	}
	if deed != nil {
		deed()
	}
	if !over && g.onEvent != nil {
		g.onEvent(e)
	}
}
