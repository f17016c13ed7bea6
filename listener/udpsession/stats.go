package udpsession

import "sync/atomic"

// Stats are counters of a listener. They are totals since it began, but Active,
// Pending, QueuedBytes, which are of the moment.
type Stats struct {
	Active      int   // sessions, those that Accept has not returned included
	Pending     int   // sessions that Accept has not returned
	QueuedBytes int64 // memory of the datagrams that wait for Read

	Created uint64
	Ended   EndedStats
	Refused RefusedStats
	Dropped DroppedStats

	Received   uint64 // datagrams read from the socket
	Sent       uint64 // datagrams written to it
	Cut        uint64 // datagrams that did not fit into the buffer given to Read
	ReadErrors uint64 // failures to read from the socket, which the listener survived
}

// EndedStats counts the sessions that ended, by [Reason].
type EndedStats struct{ Closed, Idle, Aged, Evicted, Shutdown uint64 }

// RefusedStats counts the datagrams of peers that got no session, by [Reason].
type RefusedStats struct{ Denied, ShuttingDown, SourceFull, BacklogFull, MemoryFull, Full uint64 }

// DroppedStats counts the datagrams of sessions that were not queued, by the
// field of Config that is the limit.
type DroppedStats struct{ Queue, QueueBytes, MaxBytes uint64 }

// counters are those that change without the listener's mutex, but the first.
type counters struct {
	received   uint64 // with the mutex
	sent, cut  atomic.Uint64
	readErrors atomic.Uint64
}

// Stats returns the counters, all of one moment.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	refused := func(r Reason) uint64 { return l.refused[r-Denied].total }
	return Stats{
		Active: len(l.sessions), Pending: l.pending, QueuedBytes: l.queued.Load(),
		Created: l.created,
		Ended: EndedStats{
			Closed: l.ends[Closed], Idle: l.ends[Idle], Aged: l.ends[Aged],
			Evicted: l.ends[Evicted], Shutdown: l.ends[Shutdown],
		},
		Refused: RefusedStats{
			Denied: refused(Denied), ShuttingDown: refused(ShuttingDown), SourceFull: refused(SourceFull),
			BacklogFull: refused(BacklogFull), MemoryFull: refused(MemoryFull), Full: refused(Full),
		},
		Dropped: DroppedStats{
			Queue: l.dropped[dropQueue], QueueBytes: l.dropped[dropQueueBytes], MaxBytes: l.dropped[dropMaxBytes],
		},
		Received: l.counters.received, Sent: l.counters.sent.Load(),
		Cut: l.counters.cut.Load(), ReadErrors: l.counters.readErrors.Load(),
	}
}
