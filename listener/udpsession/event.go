package udpsession

import (
	"fmt"
	"net/netip"
	"time"
)

// EventKind is what an [Event] is about.
type EventKind uint8

const (
	// EventCreated is told before Accept returns the session.
	EventCreated EventKind = iota + 1
	// EventEnded is told once for each session that was created.
	EventEnded
	// EventRefused is told when a new peer gets no session: for each reason the
	// first time, and then at most once a second.
	EventRefused
)

// String returns "created", "ended" or "refused".
func (k EventKind) String() string {
	switch k {
	case EventCreated:
		return "created"
	case EventEnded:
		return "ended"
	case EventRefused:
		return "refused"
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// Event is one change in the table of sessions.
type Event struct {
	Kind EventKind
	// Reason says why a session ended or a peer was refused. 0 when created.
	Reason Reason
	// Peer is the other side; when refused, the last one of several.
	Peer netip.AddrPort
	// Local is the address that the peer wrote to. It is zero when the listener
	// is bound to one address.
	Local netip.Addr
	// Count is 1, but when refused the number of datagrams since the last such
	// event.
	Count uint64
}

// refusalInterval is how often a reason to refuse is told.
const refusalInterval = int64(time.Second)

// refusals counts those of one reason. The listener's mutex guards it.
type refusals struct {
	total  uint64
	untold uint64
	told   int64 // when
}

// refuse counts a datagram of a peer that gets no session. The mutex is held.
func (l *Listener) refuse(k key, why Reason, now int64) {
	r := &l.refused[why-Denied]
	r.total++
	r.untold++
	if l.config.OnEvent == nil || (r.told != 0 && now-r.told < refusalInterval) {
		return
	}
	l.events = append(l.events, Event{Kind: EventRefused, Reason: why, Peer: k.peer, Local: k.local, Count: r.untold})
	r.told, r.untold = now, 0
}

// tell delivers what the reader has collected. The mutex is held and is given up
// meanwhile, so that the callback can use the listener and its conns.
func (l *Listener) tell() {
	if len(l.events) == 0 {
		return
	}
	events := l.events
	l.events = nil
	l.mu.Unlock()
	for _, e := range events {
		l.config.OnEvent(e)
	}
	l.mu.Lock()
	clear(events)
	l.events = events[:0]
}

// told delivers an event of any goroutine. The mutex is not held.
func (l *Listener) told(events ...Event) {
	if l.config.OnEvent == nil {
		return
	}
	for _, e := range events {
		l.config.OnEvent(e)
	}
}
