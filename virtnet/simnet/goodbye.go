package simnet

import "time"

// A host that is closed says goodbye: each of its conns sends the end of the stream, or
// a reset. That is repeated, as a kernel does it with the FIN of a conn that its program
// has left, until the peer has heard it or WriteTimeout has passed. Others can have the
// host's name and addresses meanwhile: what is left of it only sends.

// sayGoodbye sends the last packet of a conn whose host is closed, unless it is on its
// way already.
func (c *Conn) sayGoodbye(now time.Duration, step Step, again bool) {
	c.course.goodbye, c.course.attempts, c.course.since = step, 0, now
	c.course.expiring = false // the job that there was may have been held by a pause
	c.host.leaving++
	if again {
		c.waitGoodbye(now)
		return
	}
	c.repeatGoodbye(now)
}

// repeatGoodbye sends it again, unless that is of no use any more.
func (c *Conn) repeatGoodbye(now time.Duration) {
	late := c.host.net.cfg.WriteTimeout
	if c.course.attempts > 0 && (c.hasSaidGoodbye() || now >= c.course.since+late) {
		c.course.goodbye = 0
		c.host.left()
		return
	}
	p := c.packet(c.course.goodbye)
	p.attempt = c.course.attempts
	if p.step == StepFIN {
		p.seq-- // the end is the last byte that was sent
	}
	c.emit(now, p)
	c.waitGoodbye(now)
}

// waitGoodbye sets when it is sent again.
func (c *Conn) waitGoodbye(now time.Duration) {
	cfg := &c.host.net.cfg
	wait := backoff(c.rto(), c.course.attempts, cfg.MaxRTO)
	c.course.attempts++
	c.course.next = min(now+wait, c.course.since+cfg.WriteTimeout)
	c.watch(now)
}

// hasSaidGoodbye reports whether the peer has heard it, or is not there any more.
func (c *Conn) hasSaidGoodbye() bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.peer.phaseIs(phaseGone) || c.course.goodbye == StepFIN && c.out.eof
}

// left counts a conn that has said goodbye. With the last one the host is gone.
func (h *Host) left() {
	h.leaving--
	if h.leaving == 0 && h.vacated {
		h.net.fabric.removeHost(h)
	}
}
