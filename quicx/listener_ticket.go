package quicx

import (
	"container/list"
	"net"
	"net/netip"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt/access"
)

// ticketKey is where the context of a conn has its ticket.
type ticketKey struct{}

// ticket is what the listener knows about a client, from the moment when its
// handshake may begin until its conn has ended. The gate's lock guards what
// changes.
type ticket struct {
	gate          *gate
	shard         int      // the socket's number
	local, remote net.Addr // of the first packet
	addr          netip.Addr
	conn          *quic.Conn // once there is one

	handshaking bool          // is in progress
	unvalidated bool          // the address may be spoofed
	queued      *list.Element // waits for Accept
	accepted    bool
	pending     bool // has one of the places for who is handshaking or queued
	dead        bool

	source, place           access.Source // which are counted
	sourceTaken, placeTaken bool
}

// enter takes the places of a client, or says which limit it would exceed.
func (t *ticket) enter(validated bool) (kind EventKind, ok bool) {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if kind, ok := g.room(); !ok {
		return kind, false
	}
	if validated {
		if kind, ok := t.count(); !ok {
			return kind, false
		}
	} else {
		t.unvalidated = true
		g.unvalidated++
	}
	t.handshaking, t.pending = true, true
	g.pending++
	g.tickets[t] = struct{}{}
	return 0, true
}

// count counts a validated client for its source. A source that has too many
// places is told so only when they are scarce. The caller holds the lock.
func (t *ticket) count() (kind EventKind, ok bool) {
	g := t.gate
	const half = 2
	place, placeTaken, ok := g.places.Take(t.addr)
	if !ok && half*g.pending >= g.config.MaxHandshakes {
		return RefusedByHandshakes, false
	}
	source, sourceTaken, ok := g.counts.Take(t.addr)
	if !ok {
		if placeTaken {
			g.places.Drop(place)
		}
		return RefusedBySource, false
	}
	t.place, t.placeTaken = place, placeTaken
	t.source, t.sourceTaken = source, sourceTaken
	return 0, true
}

// shaken notes that the handshake is done, which validates the address. It
// returns false if the source has too many conns. The caller holds the lock.
func (t *ticket) shaken() bool {
	t.handshaking = false
	if !t.unvalidated {
		return true
	}
	t.trust()
	var ok bool
	t.source, t.sourceTaken, ok = t.gate.counts.Take(t.addr)
	return ok
}

// trust ends the time in which the address may be spoofed. The caller holds the
// lock.
func (t *ticket) trust() {
	if t.unvalidated {
		t.unvalidated = false
		t.gate.unvalidated--
	}
}

// arrive notes the conn that belongs to the ticket, and lets it wait for Accept.
// An error says why nobody shall have it.
func (t *ticket) arrive(c *quic.Conn, early bool) error {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	t.conn = c
	switch {
	case g.phase == closed:
		return errClosed
	case t.dead:
		return nil
	case !early && !t.shaken():
		t.settle()
		return errSource
	}
	t.queued = g.queue.PushBack(t)
	g.ring()
	return nil
}

// complete notes the end of the handshake of a conn that has arrived before.
func (t *ticket) complete() error {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.dead {
		return nil
	}
	ok := t.shaken()
	if !ok {
		t.leave()
	}
	t.settle()
	if !ok {
		return errSource
	}
	return nil
}

// leave takes the ticket out of the queue. The caller holds the lock.
func (t *ticket) leave() {
	if t.queued != nil {
		t.gate.queue.Remove(t.queued)
		t.queued = nil
	}
}

// settle gives the place back that a pending client has, if it is none any more.
// The caller holds the lock.
func (t *ticket) settle() {
	if !t.pending || t.handshaking || t.queued != nil {
		return
	}
	t.pending = false
	t.gate.pending--
	if t.placeTaken {
		t.gate.places.Drop(t.place)
	}
	t.gate.ring()
}

// end gives everything back when the conn has ended.
func (t *ticket) end(cause error) {
	g := t.gate
	failed := t.forget()
	if failed {
		err := &Error{Op: "handshake", Network: "udp", Address: t.remote.String(), Err: cause}
		g.happened(Event{Kind: HandshakeFailed, Local: t.local, Remote: t.remote, Err: err})
	}
	g.mu.Lock()
	delete(g.tickets, t) // after the event: Shutdown and Close wait for it
	if t.accepted {
		g.held--
	}
	last := g.phase == closed && len(g.tickets) == 0
	g.ring()
	g.mu.Unlock()
	if last {
		g.finish()
	}
}

// forget frees the places, and reports whether the handshake was in progress.
func (t *ticket) forget() (handshaking bool) {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	handshaking = t.handshaking
	t.dead, t.handshaking = true, false
	t.leave()
	t.trust()
	t.settle()
	if t.sourceTaken {
		g.counts.Drop(t.source)
	}
	return handshaking
}
