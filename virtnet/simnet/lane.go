package simnet

import (
	"math/bits"
	"time"
)

// lane is one direction of one link, with what is on it.
type lane struct {
	link Link
	fate chance        // seed and name of this direction
	free time.Duration // when the last packet will have left the queue
	last time.Duration // when the last one that is not held back arrives
}

// passage is what becomes of a packet on a lane.
type passage struct {
	arrivals [2]time.Duration
	count    int    // of arrivals
	drop     Reason // why there are none
	corrupt  uint64 // not 0: it is damaged
}

// minHold is the least that a packet is held back to be overtaken.
const minHold = time.Millisecond

// carry lets a packet enter at a time that is not before that of the one before.
func (l *lane) carry(now time.Duration, p *packet) passage {
	if l.link.ideal() {
		return passage{arrivals: [2]time.Duration{now}, count: 1}
	}
	stream := p.proto == TCP
	switch {
	case l.link.Down:
		return passage{drop: ReasonLink}
	case !stream && p.size > l.link.mtu():
		return passage{drop: ReasonMTU}
	}
	left, ok := l.leave(now, p.size)
	if !ok {
		return passage{drop: ReasonQueue}
	}
	fate := l.fate.of(p.flow).of(p.number).of(uint64(p.trip.copy))
	if fate.of(forLoss).hit(l.link.Loss) {
		return passage{drop: ReasonLoss}
	}
	way := passage{count: 1}
	if fate.of(forCorrupt).hit(l.link.Corrupt) {
		if stream {
			return passage{drop: ReasonDamage} // its checksum says so
		}
		way.corrupt = uint64(fate.of(forPlace)) | 1
	}
	way.arrivals[0] = l.arrive(left, fate)
	if !stream && p.trip.doubled < maxDoubled && fate.of(forDuplicate).hit(l.link.Duplicate) {
		way.count, way.arrivals[1] = 2, way.arrivals[0]
	}
	return way
}

// leave returns when the packet is on the wire as a whole; false if the queue is
// full. It costs the link time also if it is lost later.
func (l *lane) leave(now time.Duration, size int) (time.Duration, bool) {
	if l.link.Bandwidth == 0 {
		return now, true
	}
	start := max(now, l.free)
	// What waits, in bytes: the time until the queue is empty, at Bandwidth.
	waiting := scale(int64(start-now), l.link.Bandwidth, 8*int64(time.Second))
	if start > now && waiting+int64(size) > int64(l.link.queue()) {
		return 0, false
	}
	l.free = start + time.Duration(scale(int64(size)*8, int64(time.Second), l.link.Bandwidth))
	return l.free, true
}

// arrive returns when a packet that has left arrives.
func (l *lane) arrive(left time.Duration, fate chance) time.Duration {
	at := left + l.link.Latency
	if l.link.Jitter > 0 {
		at += time.Duration(fate.of(forJitter).below(int64(l.link.Jitter) + 1))
	}
	if fate.of(forReorder).hit(l.link.Reorder) {
		return at + max(l.link.Latency+l.link.Jitter, minHold)
	}
	l.last = max(l.last, at)
	return l.last
}

// scale returns v*by/of, rounded up, at most what a time can be. None is negative.
func scale(v, by, of int64) int64 {
	hi, lo := bits.Mul64(uint64(v), uint64(by))  //nolint:gosec // not negative
	lo, carry := bits.Add64(lo, uint64(of-1), 0) //nolint:gosec // positive
	if hi += carry; hi >= uint64(of) {           //nolint:gosec // positive
		return int64(forever)
	}
	q, _ := bits.Div64(hi, lo, uint64(of)) //nolint:gosec // positive
	return int64(min(q, uint64(forever)))
}
