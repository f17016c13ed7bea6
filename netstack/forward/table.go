package forward

import (
	"net/netip"
	"sync"
	"time"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// flowTable holds the TCP flows: those that are being dialled and those that run.
type flowTable struct {
	mu      sync.Mutex
	all     map[*flow]struct{}
	sources map[netip.Addr]int
	dialing int
	closed  bool
	changed chan struct{} // closed and replaced when a flow ends
	last    uint64        // the id given last
}

func (t *flowTable) init() {
	t.all, t.sources, t.changed = make(map[*flow]struct{}), make(map[netip.Addr]int), make(chan struct{})
}

// bound is one that a SYN may be above.
type bound uint8

const (
	overNone bound = iota
	overHalfOpen
	overFlows
	overPerSource
	overTime // the forwarder is closed
)

// over says which bound another flow of the source would be above.
func (t *flowTable) over(source netip.Addr, most, mostOfSource int) bound {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.overLocked(source, most, mostOfSource)
}

func (t *flowTable) overLocked(source netip.Addr, most, mostOfSource int) bound {
	switch {
	case t.closed:
		return overTime
	case len(t.all) >= most:
		return overFlows
	case mostOfSource > 0 && t.sources[source] >= mostOfSource:
		return overPerSource
	default:
		return overNone
	}
}

// dial adds a flow that is being dialled, unless that is above a bound, which it returns.
func (t *flowTable) dial(w *flow, most, mostOfSource int) bound {
	t.mu.Lock()
	defer t.mu.Unlock()
	if over := t.overLocked(w.src.Addr(), most, mostOfSource); over != overNone {
		return over
	}
	t.last++
	w.id = t.last
	t.all[w] = struct{}{}
	t.sources[w.src.Addr()]++
	t.dialing++
	return overNone
}

// undo forgets a flow whose dial has failed.
func (t *flowTable) undo(w *flow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dialing--
	t.removeLocked(w)
}

// open notes that a dial has succeeded.
func (t *flowTable) open(w *flow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dialing--
	w.open = true
}

// run begins to copy. A forwarder that was closed meanwhile resets the flow.
func (t *flowTable) run(w *flow, client *netstack.TCPConn, up tunx.StreamConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.splice = netstack.NewSplice(client, up, w.ended)
	switch {
	case t.closed:
		w.abort(tunx.ErrClosed)
	case w.doomed != nil:
		w.abort(w.doomed)
	}
}

// remove forgets a flow that has run.
func (t *flowTable) remove(w *flow) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.removeLocked(w)
}

func (t *flowTable) removeLocked(w *flow) {
	delete(t.all, w)
	if a := w.src.Addr(); t.sources[a] > 1 {
		t.sources[a]--
	} else {
		delete(t.sources, a)
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// abort ends all flows that run; none can begin any more.
func (t *flowTable) abort(cause error) {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	for _, w := range t.running() {
		w.abort(cause)
	}
}

// running returns the flows that run.
func (t *flowTable) running() []*flow {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*flow, 0, len(t.all))
	for w := range t.all {
		if w.splice != nil {
			all = append(all, w)
		}
	}
	return all
}

// older returns the flows before a generation, and what tells of a change.
func (t *flowTable) older(generation uint64) ([]*flow, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var old []*flow
	for w := range t.all {
		if w.generation < generation {
			old = append(old, w)
		}
	}
	return old, t.changed
}

// settle waits for those that run to end, no longer than the patience: a device that
// takes no packets and a peer that reads nothing hold them up.
func (t *flowTable) settle(patience time.Duration) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		t.mu.Lock()
		over, changed := len(t.all) == t.dialing, t.changed
		t.mu.Unlock()
		if over {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			return
		}
	}
}

// await waits for all flows to end, but for those that are being dialled no longer than
// the patience.
func (t *flowTable) await(patience time.Duration) {
	late := time.NewTimer(patience)
	defer late.Stop()
	for impatient := false; ; {
		t.mu.Lock()
		left, dialing, changed := len(t.all), t.dialing, t.changed
		t.mu.Unlock()
		if left == 0 || impatient && left == dialing {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			impatient = true
		}
	}
}

// abortAll resets those of the flows that run, and ends the dials of the others: one that
// succeeds all the same is reset.
func (t *flowTable) abortAll(flows []*flow, cause error) {
	for _, w := range flows {
		t.mu.Lock()
		if w.splice != nil {
			w.abort(cause)
		} else {
			w.doomed = cause
			w.giveUp(cause)
		}
		t.mu.Unlock()
	}
}
