package dtlsx

import "sync/atomic"

// ListenerStats are the counters of a listener, from its start.
type ListenerStats struct {
	Accepted int64 // conns that Accept returned
	Active   int64 // conns that are open now, Pending included
	// Pending is how many handshakes are in progress, together with the finished
	// ones that Accept has not returned.
	Pending int64
	// Stateless is whether clients prove their address before they cost
	// anything. It is false only with a release of pion/dtls that keeps its
	// cookie elsewhere: then each hello, forged ones too, takes one of
	// MaxHandshakes places until its time is over, and MaxConnsPerSource counts
	// unproven addresses.
	Stateless bool

	Received   int64 // datagrams
	Challenged int64 // hellos without a valid cookie that were answered with one
	Deferred   int64 // hellos with a valid cookie that were dropped for lack of a place; clients repeat them

	RefusedByRule   int64 // hellos refused by Allow or Deny, and records of conns that moved to such an address
	RefusedBySource int64 // clients refused by MaxConnsPerSource
	RefusedByLimit  int64 // by MaxConns

	HandshakesFailed  int64 // that failed or took too long
	HandshakesDropped int64 // that were slow and had to make room, see ListenConfig.MaxHandshakes

	CutIdle  int64 // conns ended by IdleTimeout
	Replaced int64 // conns whose peer has begun again from the same address

	Malformed int64 // datagrams that are no records, or hellos that make no sense
	Oversized int64 // datagrams of more than 8,192 bytes
	Stray     int64 // datagrams for which there is no conn
	Dropped   int64 // datagrams for which a conn's queue had no room, see Config.ReceiveQueue

	ReadErrors int64 // failures to read from the socket; it is tried again
}

// counts are the counters behind ListenerStats.
type counts struct {
	accepted, received, challenged, deferred, refusedByRule atomic.Int64
	malformed, oversized, stray, dropped, readErrors        atomic.Int64

	events [eventKinds]atomic.Int64
}

// Stats returns the counters as they are now. They go on after Close.
func (l *Listener) Stats() ListenerStats {
	l.mu.Lock()
	active, pending := l.active, l.places.taken
	l.mu.Unlock()
	c := &l.counts
	n := func(k EventKind) int64 { return c.events[k].Load() }
	return ListenerStats{
		Accepted: c.accepted.Load(), Active: int64(active), Pending: int64(pending), Stateless: l.stateless,
		Received: c.received.Load(), Challenged: c.challenged.Load(), Deferred: c.deferred.Load(),
		RefusedByRule: c.refusedByRule.Load(), RefusedBySource: n(RefusedBySource), RefusedByLimit: n(RefusedByLimit),
		HandshakesFailed: n(HandshakeFailed), HandshakesDropped: n(HandshakeDropped),
		CutIdle: n(CutIdle), Replaced: n(Replaced),
		Malformed: c.malformed.Load(), Oversized: c.oversized.Load(), Stray: c.stray.Load(),
		Dropped: c.dropped.Load(), ReadErrors: c.readErrors.Load(),
	}
}
