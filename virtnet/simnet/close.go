package simnet

// Close closes the conn in both directions. What was written still arrives, but if
// bytes that came were not read, the conn is aborted, as a kernel does it. The error
// is nil, also when the conn was closed before.
func (c *Conn) Close() error {
	c.shut(sockClosed, false)
	return nil
}

// Abort closes the conn with a reset: what was not delivered yet is lost, and the peer
// gets ECONNRESET when it has read the rest. The error is nil.
func (c *Conn) Abort() error {
	c.shut(sockClosed, true)
	return nil
}

// shut ends the conn for its user.
func (c *Conn) shut(why cause, abort bool) {
	if !c.closed.CompareAndSwap(false, true) {
		return
	}
	c.refresh()
	abort = c.closeReader(why) || abort
	direct := c.closeWriter(why, abort)
	if direct {
		if abort {
			c.peer.fail(peerReset)
		}
		c.leave()
		return
	}
	if abort {
		c.aborted.Store(true)
	}
	c.ask()
}

// refresh finds out how the bytes of the conn go now.
func (c *Conn) refresh() {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	for c.phaseIs(phaseOpen) && c.stale(h) {
		c.relink(h, false)
	}
}

// closeReader forgets what came and was not read, and reports whether there was any.
func (c *Conn) closeReader(why cause) bool {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	unread := h.delivered > h.consumed
	h.deaf, h.readFault = true, why
	h.buffer.drop(h.delivered - h.consumed)
	h.consumed = h.delivered
	stopTimer(&h.readTimer)
	h.wake()
	return unread
}

// closeWriter ends the stream, unless it is aborted, and reports whether the peer
// knows already.
func (c *Conn) closeWriter(why cause, abort bool) bool {
	h := c.out
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writeFault == 0 && !abort {
		c.end(h)
	}
	if h.flight == nil && abort {
		c.traceEnd(true, h.written)
	}
	h.silenceLocked(why)
	return h.flight == nil
}

// silence ends writing, without an end of the stream.
func (h *half) silence(why cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.silenceLocked(why)
}

func (h *half) silenceLocked(why cause) {
	h.writeFault = why
	stopTimer(&h.writeTimer)
	h.wake()
}

// fail ends the conn from outside: what was delivered can be read still.
func (c *Conn) fail(why cause) {
	c.in.failReader(why)
	c.in.mu.Lock()
	eof := c.in.eof
	c.in.mu.Unlock()
	if eof && why == peerReset {
		why = peerGone
	}
	c.out.failWriter(why)
}

// phaseIs tells how far the conn is.
func (c *Conn) phaseIs(p phase) bool { return c.phase.Load() == p }

// leave lets the host forget the conn, which nothing can reach from now on.
func (c *Conn) leave() {
	c.phase.Store(phaseGone)
	c.host.forget(c)
	if l := c.waits.Swap(nil); l != nil {
		l.unreserve()
	}
}
