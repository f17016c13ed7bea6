package dtlsx

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// receive reads until the socket is closed.
func (l *Listener) receive() {
	b := make([]byte, maxDatagram+1)
	for failures := 0; ; {
		n, from, err := l.socket.read(b)
		switch {
		case err == nil:
			failures = 0
			l.handle(from, b[:n])
		case errors.Is(err, errMessageSize): // how Windows tells of one that is longer than b
			failures = 0
			l.counts.received.Add(1)
			l.counts.oversized.Add(1)
		case errors.Is(err, net.ErrClosed):
			return
		default: // mostly about one datagram: an ICMP error on Windows, or when the options ask for it
			l.counts.readErrors.Add(1)
			failures++
			l.rest(failures)
		}
	}
}

// rest pauses after several failures without a datagram between them, up to half
// a second, so that one that stays does not spin.
func (l *Listener) rest(failures int) {
	const free, doublings = 8, 9
	if failures <= free {
		return
	}
	select {
	case <-time.After(time.Millisecond << min(failures-free-1, doublings)):
	case <-l.empty:
	}
}

// handle takes a datagram to where it belongs.
func (l *Listener) handle(from netip.AddrPort, b []byte) {
	l.counts.received.Add(1)
	if len(b) > maxDatagram {
		l.counts.oversized.Add(1)
		return
	}
	r, _, _ := cutRecord(b, l.id)
	switch {
	case !wellFormed(b, l.id):
		l.counts.malformed.Add(1)
	case r.kind == typeConnectionID && l.id > 0:
		l.byIDOf(&r, from, b)
	case isHello(&r):
		l.hello(from, b)
	default:
		l.byAddress(from, b)
	}
}

// byAddress gives a datagram to the conns of its sender. Both if there are two:
// records of the old one and of the new one look alike, and what a conn cannot
// decrypt it ignores.
func (l *Listener) byAddress(from netip.AddrPort, b []byte) {
	l.mu.Lock()
	open, begun := l.open[from], l.starting[from]
	l.mu.Unlock()
	if open == nil && (begun == nil || begun.hello != nil) {
		l.counts.stray.Add(1)
		return
	}
	if begun != nil && begun.hello == nil {
		l.give(begun, b, begun.addr)
	}
	if open != nil {
		l.scratch = encrypted(l.scratch[:0], b, l.id)
		l.give(open, l.scratch, open.addr)
	}
}

// byIDOf gives a datagram to the conn whose connection ID it has.
func (l *Listener) byIDOf(r *record, from netip.AddrPort, b []byte) {
	l.mu.Lock()
	s := l.byID[string(r.raw[recordHeader-2:recordHeader-2+l.id])]
	l.mu.Unlock()
	switch {
	case s == nil:
		l.counts.stray.Add(1)
	case from == s.key:
		l.give(s, b, s.addr)
	case !l.admits(from):
		l.counts.refusedByRule.Add(1)
	default:
		// The library takes the address over when the record was authentic.
		l.scratch = encrypted(l.scratch[:0], b, l.id)
		if s.movedTo != from {
			s.movedTo, s.moved = from, net.UDPAddrFromAddrPort(from)
		}
		l.give(s, l.scratch, s.moved)
	}
}

func (l *Listener) admits(from netip.AddrPort) bool {
	return l.rules.Admits(from.Addr().WithZone(""))
}

// give queues a datagram.
func (l *Listener) give(s *peer, b []byte, from *net.UDPAddr) {
	if !s.link.push(b, from) {
		l.counts.dropped.Add(1)
	}
}
