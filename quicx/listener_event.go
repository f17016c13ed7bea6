package quicx

import "net"

// Event is something that happened to a conn that Accept does not tell about.
type Event struct {
	Kind EventKind
	// Local and Remote are the ends of the conn. Remote is where the first
	// packet claims to come from.
	Local, Remote net.Addr
	// Err is the cause, nil for what a rule or limit refused.
	Err error
}

// EventKind is what happened.
type EventKind uint8

// Each kind has a counter in [Stats].
const (
	_                   EventKind = iota
	RefusedByRule                 // by Allow or Deny
	RefusedBySource               // by MaxConnsPerSource
	RefusedByLimit                // by MaxConns
	RefusedByHandshakes           // by MaxHandshakes
	RefusedByConfig               // by QUIC.GetConfigForClient, which failed or returned a bad config
	HandshakeFailed               // the handshake failed or took too long
	eventKinds
)

var eventNames = [eventKinds]string{
	RefusedByRule:       "refused by rule",
	RefusedBySource:     "refused by source",
	RefusedByLimit:      "refused by limit",
	RefusedByHandshakes: "refused by handshakes",
	RefusedByConfig:     "refused by config",
	HandshakeFailed:     "handshake failed",
}

// String returns the kind in words: "refused by rule".
func (k EventKind) String() string {
	if k == 0 || k >= eventKinds {
		return "unknown"
	}
	return eventNames[k]
}

// happened counts an event and tells the hook. The caller holds no lock. What
// Close ends is no event.
func (g *gate) happened(e Event) {
	if g.closing() {
		return
	}
	g.events[e.Kind].Add(1)
	if g.config.OnEvent != nil {
		g.config.OnEvent(e)
	}
}
