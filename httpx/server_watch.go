package httpx

import (
	"sync"
	"sync/atomic"
	"time"
)

// Ticks of the watch. A stall is between stallTicks-1 and stallTicks of them:
// what begins within a tick has seen a part of it only.
const (
	ticksPerStall = 4
	stallTicks    = ticksPerStall + 1
	leaseTicks    = ticksPerStall / 2
	watchShards   = 16
)

// leaseMargin is how late the timer may be without harm to those who do not stall.
const leaseMargin = 2 * time.Second

// watch looks after the requests in flight: one timer for all, so that a read
// or a write costs two stores. It runs only while there are requests.
type watch struct {
	tick    time.Duration
	lease   time.Duration // how far the write deadline is ahead
	streams int64         // ticks that a stream may stall, 0: for ever

	now     atomic.Int64 // in ticks, from 1
	armed   atomic.Bool
	next    atomic.Uint32
	shards  [watchShards]watchShard
	stalled atomic.Int64
}

// watchShard is a list of watched requests.
type watchShard struct {
	mu   sync.Mutex
	head *watched
}

func newWatch(stall, stream time.Duration) *watch {
	w := &watch{tick: max(stall/ticksPerStall, time.Millisecond), lease: maxDuration}
	if stall < maxDuration/4 { // whose double fits, with the margin
		w.lease = 2*stall + leaseMargin
	}
	if stream > 0 {
		w.streams = int64(stream/w.tick) + 1
	}
	w.now.Store(1)
	return w
}

// deadlines is what can be cut. They fail only for a conn that is over.
type deadlines interface {
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// watched is a request in flight.
type watched struct {
	watch      *watch
	shard      *watchShard
	prev, next *watched

	reading  atomic.Int64 // since when, 0: not
	writing  atomic.Int64
	progress atomic.Int64 // when the last write ended
	ownRead  atomic.Bool  // the handler has set a deadline itself
	ownWrite atomic.Bool

	mu       sync.Mutex // held while a deadline is set
	conn     deadlines  // nil: it is over
	stream   bool       // the body is one direction of a dialogue
	leases   bool       // net/http has set a write deadline
	leasedAt int64
}

// add begins to watch.
func (w *watch) add(x *watched) {
	x.watch, x.leasedAt = w, w.now.Load()
	x.shard = &w.shards[w.next.Add(1)%watchShards]
	x.shard.mu.Lock()
	if x.next = x.shard.head; x.next != nil {
		x.next.prev = x
	}
	x.shard.head = x
	x.shard.mu.Unlock()
	w.arm()
}

// arm starts the timer unless it runs.
func (w *watch) arm() {
	if !w.armed.Load() && w.armed.CompareAndSwap(false, true) {
		time.AfterFunc(w.tick, w.sweep)
	}
}

// end stops watching. No deadline is set afterwards.
func (x *watched) end() {
	x.mu.Lock()
	over := x.conn == nil
	x.conn = nil
	x.mu.Unlock()
	if over {
		return
	}
	x.shard.mu.Lock()
	defer x.shard.mu.Unlock()
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		x.shard.head = x.next
	}
	if x.next != nil {
		x.next.prev = x.prev
	}
}

// sweep looks at all requests, and again after a tick.
func (w *watch) sweep() {
	now := w.now.Add(1)
	all := w.all()
	for _, x := range all {
		x.look(now)
	}
	if len(all) > 0 {
		time.AfterFunc(w.tick, w.sweep)
		return
	}
	w.armed.Store(false)
	if len(w.all()) > 0 { // came in between and saw the timer armed
		w.arm()
	}
}

// all returns what is watched.
func (w *watch) all() (all []*watched) {
	for i := range w.shards {
		s := &w.shards[i]
		s.mu.Lock()
		for x := s.head; x != nil; x = x.next {
			all = append(all, x)
		}
		s.mu.Unlock()
	}
	return all
}

// look cuts a request that stalls, and moves the write deadline of others on.
func (x *watched) look(now int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conn == nil {
		return
	}
	past := time.Unix(1, 0)
	switch {
	case x.stallsWriting(now):
		x.watch.stalled.Add(1)
		// HTTP/1 may be reading what is left of the body before it writes.
		_ = x.conn.SetReadDeadline(past)
		_ = x.conn.SetWriteDeadline(past)
		x.ownRead.Store(true)
		x.ownWrite.Store(true)
	case x.stallsReading(now):
		x.watch.stalled.Add(1)
		_ = x.conn.SetReadDeadline(past)
		x.ownRead.Store(true)
	case x.leases && !x.ownWrite.Load() && now-x.leasedAt >= leaseTicks:
		x.leasedAt = now
		_ = x.conn.SetWriteDeadline(time.Now().Add(x.watch.lease))
	}
}

func (x *watched) stallsWriting(now int64) bool {
	since := x.writing.Load()
	return since != 0 && !x.ownWrite.Load() && now-since >= stallTicks
}

func (x *watched) stallsReading(now int64) bool {
	since := x.reading.Load()
	if since == 0 || x.ownRead.Load() {
		return false
	}
	if x.stream {
		since = max(since, x.progress.Load())
		return x.watch.streams > 0 && now-since > x.watch.streams
	}
	return now-since >= stallTicks
}
