package simnet

import "time"

// Crash switches the power off: all conns, listeners and sockets of the host are gone,
// and nobody is told. The host's own calls fail with [virtnet.ErrHostDown]; its peers
// have half-open conns, which fail with ETIMEDOUT when they write, or with ECONNRESET
// if the host is there again by then. Nothing happens if the host is down.
func (h *Host) Crash() {
	h.change(func() {
		if h.goDown(hostCrashed, hostDown) {
			h.held = nil
			h.paused.Store(false)
			h.vanish(hostDown)
		}
	})
}

// Restart switches the power on again after Crash. Nothing happens if it is on.
func (h *Host) Restart() {
	h.change(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.status.CompareAndSwap(hostCrashed, hostUp) {
			h.why = 0
		}
	})
}

// Pause stops the host's network until Resume: what it sends and what reaches it
// waits, as in a virtual machine that stands still. Its goroutines go on, and get what
// had come before. More packets than fit into a buffer are lost.
func (h *Host) Pause() {
	h.change(func() {
		if h.status.Load() == hostUp {
			h.paused.Store(true)
		}
	})
}

// Resume ends Pause.
func (h *Host) Resume() {
	h.change(func() {
		h.paused.Store(false)
		for _, j := range h.held {
			j.at = max(j.at, h.net.sched.soon())
			h.net.sched.add(j)
		}
		h.held = nil
	})
}

// change does something between two jobs, after which packets may go another way.
func (h *Host) change(f func()) {
	h.net.sched.run.Lock()
	defer h.net.sched.run.Unlock()
	f()
	h.net.fabric.gen.Add(1)
}

// maxHeld bounds the jobs of a paused host.
const maxHeld = 4096

// holds keeps a job of a paused host for later.
func (h *Host) holds(j *job) bool {
	if h == nil || !h.paused.Load() {
		return false
	}
	if j.kind == jobArrive && len(h.held) >= maxHeld {
		h.net.note(h.net.Now(), j.p, KindDrop, ReasonPaused)
		return true
	}
	h.held = append(h.held, j)
	return true
}

// vanish ends everything on the host, and tells nobody.
func (h *Host) vanish(why cause) {
	h.wakeDials()
	conns, listeners, sockets := h.everything()
	h.net.fabric.gen.Add(1) // nothing goes at once any more
	for _, c := range conns {
		if c.phaseIs(phaseOpen) {
			c.schedule() // the peer does not notice
		}
		c.vanish(why)
	}
	for _, l := range listeners {
		l.shut(why)
	}
	for _, s := range sockets {
		s.shut(why)
	}
}

// vanish ends the conn on this side only.
func (c *Conn) vanish(why cause) {
	c.leave()
	if !c.closed.CompareAndSwap(false, true) {
		return // its user knows why it is closed
	}
	c.closeReader(why)
	c.out.silence(why)
}

// close ends everything on a host that is shut down: it says goodbye to its peers.
func (h *Host) close(why cause) {
	if !h.goDown(hostClosed, why) {
		return
	}
	h.wakeDials()
	conns, listeners, sockets := h.everything()
	for _, c := range conns {
		if c.phaseIs(phaseOpen) && c.out.direct() {
			c.shut(why, false)
		}
	}
	h.net.sched.run.Lock()
	defer h.net.sched.run.Unlock()
	h.held = nil
	h.paused.Store(false)
	now := h.net.Now()
	for _, c := range conns {
		c.depart(now, why)
	}
	for _, l := range listeners {
		l.shut(why)
	}
	for _, s := range sockets {
		s.shut(why)
	}
}

// depart ends the conn of a host that goes. Nobody will be there to send anything
// again: a conn that has to send or read something is reset.
func (c *Conn) depart(now time.Duration, why cause) {
	if c.phaseIs(phaseGone) {
		return
	}
	if c.phaseIs(phaseOpen) {
		c.schedule() // its user may be about to close it, at once
	}
	rest := c.aborted.Load()
	if c.closed.CompareAndSwap(false, true) {
		rest = c.closeReader(why)
		c.out.silence(why)
	}
	h := c.out
	h.mu.Lock()
	f := h.flight
	rest = rest || f == nil || f.acked < h.written
	known := !rest && h.eof
	h.ended = h.ended || !rest
	h.mu.Unlock()
	known = known || c.phaseIs(phaseNew) || c.phaseIs(phaseDialing) // nobody knows it
	c.leave()
	switch {
	case known:
	case rest:
		c.sayGoodbye(now, StepRST, false)
	default:
		again := f.ended
		f.sent, f.ended = h.written+1, true
		c.sayGoodbye(now, StepFIN, again)
	}
}
