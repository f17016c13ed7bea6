package dtlsx

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// hello takes a datagram that begins with a ClientHello, or a piece of one.
func (l *Listener) hello(from netip.AddrPort, b []byte) {
	if !l.admits(from) {
		l.counts.refusedByRule.Add(1)
		return
	}
	for rest := b; len(rest) > 0; {
		var r record
		r, rest, _ = cutRecord(rest, l.id)
		if !isHello(&r) {
			return
		}
		for body := r.body; len(body) > 0; {
			f, next, ok := cutFragment(&r, body)
			if !ok {
				l.counts.malformed.Add(1)
				return
			}
			if !l.piece(from, &f, b) {
				return
			}
			body = next
		}
	}
}

// piece takes a fragment of a ClientHello, or all of it. It returns whether the
// rest of the datagram is still to be looked at.
func (l *Listener) piece(from netip.AddrPort, f *fragment, b []byte) bool {
	l.mu.Lock()
	s, old := l.starting[from], l.open[from]
	l.mu.Unlock()
	if s != nil && (f.offset > 0 || !l.stateless) {
		return l.more(s, f, b)
	}
	if f.offset > 0 { // nothing is kept of who has shown no cookie
		l.counts.stray.Add(1)
		return false
	}
	o, ok := parseOpening(f.body)
	switch {
	case !ok:
		l.counts.malformed.Add(1)
		return false
	case !l.stateless:
		l.begin(from, f, &o, b)
		return false
	case f.record == 0 || !l.baker.takes(from, &o):
		l.challenge(from, f, &o)
		return false
	case s != nil && s.random == o.random:
		return l.more(s, f, b)
	case old != nil && old.random == o.random: // late: the conn is there
		l.counts.stray.Add(1)
		return false
	}
	return l.begin(from, f, &o, b)
}

// more takes a fragment of a handshake that has begun. When the conn has its
// hello it gets all of the datagram, since it must answer repetitions.
func (l *Listener) more(s *peer, f *fragment, b []byte) bool {
	if s.hello == nil {
		l.give(s, b, s.addr)
		return false
	}
	if a := s.hello; a.add(f) {
		s.hello = nil
		s.feed(a.body, a.record)
		return false
	}
	return true
}

// challenge answers a hello with a cookie. The answer is shorter than the hello
// and nothing is kept, so forged addresses are of no use.
func (l *Listener) challenge(to netip.AddrPort, f *fragment, o *opening) {
	l.counts.challenged.Add(1)
	l.scratch = appendVerifyRequest(l.scratch[:0], f, l.baker.bake(to, o))
	l.socket.write(l.scratch, to, l.socket.source) //nolint:errcheck // the client repeats its hello
}

// begin makes room for a client that has proved its address, and lets it shake
// hands.
func (l *Listener) begin(from netip.AddrPort, f *fragment, o *opening, b []byte) bool {
	if l.stateless && f.message != sequenceAfterRetry {
		l.refuse(from, f, Event{Kind: HandshakeFailed, Err: fmt.Errorf("hello number %d has the cookie", f.message)})
		return false
	}
	s := &peer{
		listener: l, key: from, addr: net.UDPAddrFromAddrPort(from), random: o.random,
		source: l.width.Source(from.Addr().WithZone("")), whole: make(chan struct{}),
	}
	s.link = newLink(s, l.socket, l.config.proto.ReceiveQueue)
	if why := l.admit(s); why != admitted {
		if why != 0 {
			l.refuse(from, f, Event{Kind: why})
		}
		return false
	}
	var ctx context.Context
	ctx, s.cancel = context.WithTimeout(l.ctx, l.config.proto.HandshakeTimeout)
	l.first(s, f, b)
	go l.usher(ctx, s)
	return s.hello != nil
}

// first gives a peer its hello, or what there is of it.
func (l *Listener) first(s *peer, f *fragment, b []byte) {
	if !l.stateless { // the library sends its own cookie
		s.link.push(b, s.addr)
		close(s.whole)
		return
	}
	if f.whole() {
		s.feed(f.body, f.record)
		return
	}
	s.hello = &assembly{record: f.record, body: make([]byte, f.total)}
	s.hello.add(f)
}

const admitted = eventKinds

// admit counts a peer and makes it known, or says why not; 0 if the client is
// to try again.
func (l *Listener) admit(s *peer) EventKind {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0
	}
	if before := l.starting[s.key]; before != nil {
		if l.places.leaving >= l.places.limit { // a callback of the config holds them
			l.counts.deferred.Add(1)
			return 0
		}
		l.drop(before, HandshakeFailed)
	}
	old := l.predecessor(s.key)
	if l.crowded(old) {
		return RefusedByLimit
	}
	if l.places.full() && !l.makeRoom(s, now) {
		l.counts.deferred.Add(1)
		return 0
	}
	if !l.count(s, old) {
		return RefusedBySource
	}
	l.places.enter(s, now)
	l.active++
	l.starting[s.key], s.linked = s, true
	l.group.Add(1) // before Close can wait for it
	return admitted
}

// makeRoom takes the place of another handshake. The mutex is held.
func (l *Listener) makeRoom(s *peer, now time.Time) bool {
	victim := l.places.victim(s.source, now)
	if victim == nil {
		return false
	}
	l.drop(victim, HandshakeDropped)
	return true
}

// drop ends a handshake in progress: its place is free at once, and its goroutine
// does the rest. The mutex is held.
func (l *Listener) drop(s *peer, why EventKind) {
	s.why = why
	l.places.finish(s)
	l.places.taken--
	l.places.leaving++
	l.uncount(s)
	l.unlink(s)
	s.cancel()
}

// refuse tells a client that has proved its address. The alert is
// internal_error: none is made for it.
func (l *Listener) refuse(to netip.AddrPort, f *fragment, e Event) {
	const internalError = 80
	e.Remote = net.UDPAddrFromAddrPort(to)
	l.happened(e, func() {
		alert := appendRecord(nil, typeAlert, f.record, fatal, internalError)
		l.socket.write(alert, to, l.socket.source) //nolint:errcheck // it times out instead
	})
}
