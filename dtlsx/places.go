package dtlsx

import (
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

// places bounds the handshakes in progress, together with the conns that Accept
// has not returned. The mutex of the listener guards it.
//
// A client that stays silent could hold its place for the whole timeout, and as
// many as there are places, from one address or from many, would lock all others
// out. A client that finds no place does not wait in a queue, as it does with
// TCP: it repeats its hello, and then it must have a chance against those who
// send more. So a source that has more than a quarter of the places gives them
// up at once to those who have less, and gets none but its own back; and any
// client that has had its fair time, a quarter of the timeout, makes room.
type places struct {
	limit, share int
	fair         time.Duration

	taken   int
	leaving int   // that have lost their place and are not gone yet
	oldest  *peer // those whose handshake is in progress
	newest  *peer
	sources map[access.Source]int // how many of them a source has
	crowds  int                   // sources that have more than their share
}

func newPlaces(limit int, timeout time.Duration) places {
	const quarter = 4
	return places{
		limit: limit, share: max(1, limit/quarter), fair: max(timeout/quarter, time.Millisecond),
		sources: map[access.Source]int{},
	}
}

// full reports whether somebody has to make room. Of those that have, no more
// than there are places may be still on their way out.
func (p *places) full() bool { return p.taken >= p.limit }

// enter takes a place.
func (p *places) enter(s *peer, now time.Time) {
	p.taken++
	s.since = now
	if s.prev = p.newest; s.prev != nil {
		s.prev.next = s
	} else {
		p.oldest = s
	}
	p.newest = s
	if p.sources[s.source]++; p.sources[s.source] == p.share+1 {
		p.crowds++
	}
	s.waiting = true
}

// finish says that the handshake is over; the place stays taken.
func (p *places) finish(s *peer) {
	if !s.waiting {
		return
	}
	s.waiting = false
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		p.oldest = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		p.newest = s.prev
	}
	s.prev, s.next = nil, nil
	if p.sources[s.source] == p.share+1 {
		p.crowds--
	}
	if p.sources[s.source]--; p.sources[s.source] == 0 {
		delete(p.sources, s.source)
	}
}

// victim returns who is to make room for a client of a source, nil if nobody can.
func (p *places) victim(source access.Source, now time.Time) *peer {
	if p.leaving >= p.limit {
		return nil // a callback of the config holds them
	}
	if p.sources[source] >= p.share {
		return p.own(source, now)
	}
	if p.crowds > 0 {
		for s := p.oldest; s != nil; s = s.next {
			if p.sources[s.source] > p.share {
				return s
			}
		}
	}
	if s := p.oldest; s != nil && now.Sub(s.since) >= p.fair {
		return s
	}
	return nil
}

// own returns the oldest of a source, if it has had its time.
func (p *places) own(source access.Source, now time.Time) *peer {
	for s := p.oldest; s != nil && now.Sub(s.since) >= p.fair; s = s.next {
		if s.source == source {
			return s
		}
	}
	return nil
}
