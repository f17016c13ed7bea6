package listener

import (
	"net/netip"
	"sync"
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

// waiting bounds the clients whose PROXY header or handshake is in progress,
// together with those that Accept has not returned yet.
//
// A client that stays silent could hold its place for the whole timeout, and as
// many as there are places, from one address or from many, would lock all others
// out. So when a client comes and all places are taken, one that has had its
// fair time (a quarter of its timeout) loses its place: the oldest of a source
// that holds more than a quarter of the places, else the oldest of all. Thus a
// client always has that time, however many come, and a newcomer waits no longer
// for a place. A burst of honest clients just waits in the kernel's queue.
type waiting struct {
	places chan struct{}
	fair   time.Duration
	share  int
	width  access.Width

	mu      sync.Mutex
	oldest  *waiter // those whose handshake is in progress
	newest  *waiter
	sources map[access.Source]int // how many of them a source has; as many entries at most
}

// waiter is a client whose handshake is in progress.
type waiter struct {
	visitor
	since      time.Time
	source     access.Source
	prev, next *waiter
	done       bool // not in the list
	dropped    bool
}

func newWaiting(c *Config) *waiting {
	const quarter = 4
	var fair time.Duration // a sum of quarters: that of the whole may be out of range
	if c.TLS != nil {
		fair += c.HandshakeTimeout / quarter
	}
	if c.ProxyProtocol != nil {
		fair += c.ProxyProtocol.HeaderTimeout / quarter
	}
	return &waiting{
		places:  make(chan struct{}, c.MaxHandshakes),
		fair:    max(fair, time.Millisecond),
		share:   max(1, c.MaxHandshakes/quarter),
		width:   c.sourceWidth(),
		sources: map[access.Source]int{},
	}
}

// enter waits for a place, and makes one if it can. It returns false after done.
func (w *waiting) enter(x *waiter, done <-chan struct{}) bool {
	for {
		select {
		case w.places <- struct{}{}:
			return w.add(x, done)
		default:
		}
		timer := time.NewTimer(w.makeRoom())
		select {
		case w.places <- struct{}{}:
			timer.Stop()
			return w.add(x, done)
		case <-timer.C:
		case <-done:
			timer.Stop()
			return false
		}
	}
}

// add returns false after done, where endAll has been or will come too early.
func (w *waiting) add(x *waiter, done <-chan struct{}) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-done:
		<-w.places
		return false
	default:
	}
	x.since = time.Now()
	if x.prev = w.newest; x.prev != nil {
		x.prev.next = x
	} else {
		w.oldest = x
	}
	w.newest = x
	if x.header { // a proxy is not what its clients are
		w.count(x, netip.Addr{})
	} else {
		w.count(x, x.peer)
	}
	return true
}

// count books a waiter on the source of an address, the zero Addr on none.
func (w *waiting) count(x *waiter, peer netip.Addr) {
	x.source = access.Source{}
	if peer.IsValid() {
		x.source = w.width.Source(peer)
	}
	w.sources[x.source]++
}

// announced books a waiter on the source that its header has announced.
func (w *waiting) announced(x *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !x.done {
		w.uncount(x)
		w.count(x, x.peer)
	}
}

func (w *waiting) uncount(x *waiter) {
	if w.sources[x.source]--; w.sources[x.source] <= 0 {
		delete(w.sources, x.source)
	}
}

// finish says that the handshake is over, and returns whether the waiter had
// lost its place.
func (w *waiting) finish(x *waiter) (dropped bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.remove(x)
	return x.dropped
}

// leave frees the place.
func (w *waiting) leave(x *waiter) {
	w.finish(x)
	<-w.places
}

func (w *waiting) remove(x *waiter) {
	if x.done {
		return
	}
	x.done = true
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		w.oldest = x.next
	}
	if x.next != nil {
		x.next.prev = x.prev
	} else {
		w.newest = x.prev
	}
	x.prev, x.next = nil, nil
	w.uncount(x)
}

// makeRoom takes the place from a client whose time is over, and returns how
// long to wait for it, or for the time to be over.
func (w *waiting) makeRoom() time.Duration {
	w.mu.Lock()
	victim := w.victim()
	if victim == nil { // all have finished: Accept is to be called
		w.mu.Unlock()
		return w.fair
	}
	if left := w.fair - time.Since(victim.since); left > 0 {
		w.mu.Unlock()
		return left
	}
	w.remove(victim)
	victim.dropped = true
	w.mu.Unlock()
	victim.end()
	return w.fair // it leaves at once, unless a callback of the TLS config holds it
}

// victim returns who is to leave first.
func (w *waiting) victim() *waiter {
	for x := w.oldest; x != nil; x = x.next {
		if time.Since(x.since) < w.fair {
			break
		}
		if w.sources[x.source] > w.share && x.source != (access.Source{}) {
			return x
		}
	}
	return w.oldest
}

// endAll ends all that are in progress.
func (w *waiting) endAll() {
	w.mu.Lock()
	var all []*waiter
	for x := w.oldest; x != nil; x = x.next {
		all = append(all, x)
	}
	w.mu.Unlock()
	for _, x := range all {
		x.end()
	}
}

// end closes the socket below. The waiter's goroutine does the rest.
func (x *waiter) end() {
	if x.link != nil {
		x.link.raw.Close()
	} else {
		x.Close()
	}
}
