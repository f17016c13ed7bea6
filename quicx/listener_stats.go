package quicx

// Stats are the counters of a listener, from its start. Each first packet that
// is well-formed ends in Retries, Accepted, a refusal or a failure, but for
// those that come during Shutdown and after Close, and for conns that their
// client left before they were accepted. Retries and refusals count packets: a
// client begins with one or two, and repeats them when no answer comes.
type Stats struct {
	Sockets  int   // that were opened: one, or one a shard
	Accepted int64 // conns that Accept returned
	Active   int64 // conns that are open now, Pending included
	// Pending is how many handshakes are in progress, or done with nobody having
	// accepted the conn.
	Pending int64
	// Unvalidated is how many of Pending are from addresses that may be spoofed.
	Unvalidated int64

	Retries int64 // first packets whose client was asked for a token

	RefusedByRule       int64 // by Allow or Deny
	RefusedBySource     int64 // by MaxConnsPerSource
	RefusedByLimit      int64 // by MaxConns
	RefusedByHandshakes int64 // by MaxHandshakes
	RefusedByConfig     int64 // by QUIC.GetConfigForClient
	HandshakesFailed    int64 // handshakes that failed or took too long
}

// Stats returns the counters as they are now.
func (l *Listener) Stats() Stats {
	g := l.gate
	n := func(k EventKind) int64 { return g.events[k].Load() }
	s := Stats{
		Sockets:             len(l.shards),
		Accepted:            g.accepted.Load(),
		Retries:             g.retries.Load(),
		RefusedByRule:       n(RefusedByRule),
		RefusedBySource:     n(RefusedBySource),
		RefusedByLimit:      n(RefusedByLimit),
		RefusedByHandshakes: n(RefusedByHandshakes),
		RefusedByConfig:     n(RefusedByConfig),
		HandshakesFailed:    n(HandshakeFailed),
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s.Active, s.Pending, s.Unvalidated = int64(len(g.tickets)), int64(g.pending), int64(g.unvalidated)
	return s
}
