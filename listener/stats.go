package listener

import "sync/atomic"

// Stats are the counters of a listener, from its start. Each conn that a socket
// delivers ends in one of them: Accepted, a refusal or a failure. Not counted are
// those that Close finds on their way, those whose client left at once, and
// those with options that fail, which Accept returns as an error.
type Stats struct {
	Sockets  int   // that were opened: one for each address and shard
	Accepted int64 // conns that Accept returned
	// Active is how many conns are open now: all that passed the limits,
	// Pending included. Config.Track, else 0.
	Active int64
	// Pending is how many clients are between the limits and Accept: their
	// handshake is in progress, or nobody has accepted them.
	Pending int64

	RefusedByRule   int64 // by Allow or Deny
	RefusedBySource int64 // by MaxConnsPerSource
	RefusedByRate   int64 // by AcceptRate
	RefusedByLimit  int64 // by MaxConns

	RefusedUntrusted int64 // by ProxyProtocol.Untrusted
	RefusedAnnounced int64 // by Deny or ProxyProtocol.Allow, for what a PROXY header announced

	HeadersFailed     int64 // PROXY headers that were bad or did not come in time
	HandshakesFailed  int64 // TLS handshakes that failed or took too long
	HandshakesDropped int64 // clients that were slow with header or handshake and had to make room, see Config.MaxHandshakes

	CutIdle int64 // open conns ended by IdleTimeout
	CutAge  int64 // by MaxAge
	CutSlow int64 // by MinReceiveRate

	AcceptErrors int64 // failures to accept for a lack of descriptors or memory
}

// counts are the counters behind Stats.
type counts struct {
	accepted atomic.Int64
	pending  atomic.Int64
	events   [eventKinds]atomic.Int64
}

// Stats returns the counters as they are now.
func (g *gate) Stats() Stats {
	n := func(k EventKind) int64 { return g.counts.events[k].Load() }
	return Stats{
		Sockets:           len(g.streams),
		Accepted:          g.counts.accepted.Load(),
		Active:            int64(g.tracker.active()),
		Pending:           g.counts.pending.Load(),
		RefusedByRule:     n(RefusedByRule),
		RefusedBySource:   n(RefusedBySource),
		RefusedByRate:     n(RefusedByRate),
		RefusedByLimit:    n(RefusedByLimit),
		RefusedUntrusted:  n(RefusedUntrusted),
		RefusedAnnounced:  n(RefusedAnnounced),
		HeadersFailed:     n(HeaderFailed),
		HandshakesFailed:  n(HandshakeFailed),
		HandshakesDropped: n(HandshakeDropped),
		CutIdle:           n(CutIdle),
		CutAge:            n(CutAge),
		CutSlow:           n(CutSlow),
		AcceptErrors:      n(AcceptFailed),
	}
}
