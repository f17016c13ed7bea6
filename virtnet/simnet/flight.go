package simnet

import (
	"slices"
	"time"
)

// flight is what hosts know of one direction of a scheduled stream. The bytes stay
// where they are, in the half: what goes over the network is where they begin and end,
// and the reader sees them when that has arrived. Only the scheduler uses a flight, but
// for acked, which the half's lock guards.
type flight struct {
	// What the sender knows. The end of the stream counts as a byte.
	acked    uint64 // what the receiver has got
	sent     uint64 // what was sent once at least
	edge     uint64 // how far the receiver has room
	segments []segment
	ended    bool // the end was sent

	window, threshold uint64 // of congestion (RFC 5681)
	recover           uint64 // what was sent when the last loss was noticed
	rto, srtt, rttvar time.Duration
	heard             time.Duration // when the receiver was last heard of, or the sender began to wait
	due               time.Duration // when the sender looks after it again; 0: never

	// What the receiver knows.
	got   uint64 // what has come in order
	early []span // what has come too early, ascending
	total uint64 // the offset of the end and 1, if it is known
}

// segment is a part of the stream that was sent and not acknowledged.
type segment struct {
	span
	end     bool // the end of the stream is its last byte
	at      time.Duration
	attempt int
	arrived bool // the receiver has got it, but not all before it
	lost    bool // it is to be sent again
}

// span is a part of the stream.
type span struct{ from, to uint64 }

// firstRTO is used as long as no round trip was measured (RFC 6298, 2.1).
const firstRTO = time.Second

// newFlight begins where a direction is, with all that was written before delivered.
func newFlight(h *half, mss, limit uint64) *flight {
	f := &flight{
		acked: h.written, sent: h.written, got: h.written, rto: firstRTO,
		edge: h.consumed + limit, window: 10 * mss, threshold: 1 << 62,
	}
	if h.ended {
		f.acked, f.sent, f.got, f.ended = h.written+1, h.written+1, h.written+1, true
		f.total = f.got
	}
	h.edge = f.edge
	return f
}

// room is how far the sender may send now.
func (f *flight) room() uint64 {
	flying := uint64(0)
	for i := range f.segments {
		if s := &f.segments[i]; !s.arrived && !s.lost {
			flying += s.to - s.from
		}
	}
	return f.window - min(f.window, flying)
}

// acknowledge notes what the receiver has got, but for acked. It reports whether that
// is new.
func (f *flight) acknowledge(now time.Duration, p *packet) bool {
	f.heard = now
	f.edge = max(f.edge, p.ack+p.window)
	for i := range f.segments {
		s := &f.segments[i]
		s.arrived = s.arrived || slices.ContainsFunc(p.early, func(e span) bool { return e.from <= s.from && s.to <= e.to })
	}
	if p.ack <= f.acked {
		return false
	}
	f.grow(p.ack - f.acked)
	for len(f.segments) > 0 && f.segments[0].to <= p.ack {
		if s := &f.segments[0]; s.attempt == 0 && !s.arrived {
			f.measure(now - s.at)
		}
		f.segments = slices.Delete(f.segments, 0, 1)
	}
	return true
}

// grow opens the window of congestion: by what got through at first, then by a segment
// for each round trip.
func (f *flight) grow(bytes uint64) {
	switch {
	case f.acked < f.recover:
	case f.window < f.threshold:
		f.window += bytes
	default:
		f.window += max(bytes*bytes/f.window, 1)
	}
	f.window = min(f.window, 1<<40)
}

// measure takes a round trip into account (RFC 6298, 2.2 and 2.3).
func (f *flight) measure(rtt time.Duration) {
	if f.srtt == 0 {
		f.srtt, f.rttvar = rtt, rtt/2
	} else {
		f.rttvar += (max(f.srtt-rtt, rtt-f.srtt) - f.rttvar) / 4
		f.srtt += (rtt - f.srtt) / 8
	}
}

// miss marks what was overtaken by three segments as lost (RFC 6675). It reports
// whether something was.
func (f *flight) miss(mss uint64) bool {
	later, found := 0, false
	for i := len(f.segments) - 1; i >= 0; i-- {
		s := &f.segments[i]
		switch {
		case s.arrived:
			later++
		case later >= 3 && s.attempt == 0 && !s.lost:
			s.lost, found = true, true
		}
	}
	if found && f.acked >= f.recover {
		f.slow(mss)
		f.window = f.threshold
	}
	return found
}

// slow halves the window, once for all that is on its way.
func (f *flight) slow(mss uint64) {
	f.threshold = max((f.sent-f.acked)/2, 2*mss)
	f.recover = f.sent
}

// receive takes a segment in and returns how far the stream is complete now.
func (f *flight) receive(s span, end bool) uint64 {
	if end {
		f.total = s.to
	}
	if s.from > f.got {
		f.note(s)
		return f.got
	}
	f.got = max(f.got, s.to)
	for len(f.early) > 0 && f.early[0].from <= f.got {
		f.got = max(f.got, f.early[0].to)
		f.early = slices.Delete(f.early, 0, 1)
	}
	return f.got
}

// note keeps what came too early. There is less of it than the sender may send, hence
// the window bounds it.
func (f *flight) note(s span) {
	i, _ := slices.BinarySearchFunc(f.early, s, func(a, b span) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	f.early = slices.Insert(f.early, i, s)
	for j := 0; j+1 < len(f.early); {
		if f.early[j+1].from > f.early[j].to {
			j++
			continue
		}
		f.early[j].to = max(f.early[j].to, f.early[j+1].to)
		f.early = slices.Delete(f.early, j+1, j+2)
	}
}

// collapse takes all that was not acknowledged for lost, after a time without any
// answer (RFC 5681, 3.1).
func (f *flight) collapse(mss uint64) {
	if f.acked >= f.recover {
		f.slow(mss)
	}
	f.window = mss
	for i := range f.segments {
		if s := &f.segments[i]; !s.arrived {
			s.lost = true
		}
	}
}
