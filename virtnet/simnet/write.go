package simnet

import "net"

// Write buffers b. It waits while the buffer is full.
func (c *Conn) Write(b []byte) (int, error) {
	h := c.out
	h.mu.Lock()
	for h.writing && h.writeFault == 0 && !h.writeLate {
		h.cond.Wait() // the bytes of two calls do not mix
	}
	n, err, ask := c.write(h, b)
	h.mu.Unlock()
	if ask {
		c.ask()
	}
	if err != nil {
		err = c.opError("write", err)
	}
	return n, err
}

// write writes all of b unless something ends it. ask tells that the scheduler has to
// hear of it.
func (c *Conn) write(h *half, b []byte) (n int, err error, ask bool) { //nolint:revive // the error is not the last to be known
	for {
		switch {
		case h.writeFault != 0:
			err = c.host.net.err(h.writeFault, "write")
		case h.writeLate:
			err = errLate
		case h.ended:
			err = c.host.net.err(badConn, "write")
		}
		if err != nil {
			return n, err, ask
		}
		if c.stale(h) {
			c.relink(h, true)
			continue // something else may have happened meanwhile
		}
		if h.flight == nil && h.deaf {
			return c.writeDeaf(h, b)
		}
		k := int(min(h.room(c.host.net.limit()), uint64(len(b)-n))) //nolint:gosec // not negative
		if k > 0 {
			h.buffer.append(b[n : n+k])
			h.written += uint64(k)
			n += k
			if ask = h.flight != nil; !ask {
				c.traceDirect(h, k)
				h.deliver(h.written)
			}
		}
		if n == len(b) {
			return n, nil, ask
		}
		c.block(h, ask)
	}
}

// block waits for room, and lets the scheduler know what there is before.
func (c *Conn) block(h *half, ask bool) {
	h.writing = true
	if ask {
		h.mu.Unlock()
		c.ask()
		h.mu.Lock()
	}
	if c.blocked(h) {
		h.cond.Wait()
	}
	h.writing = false
	h.wake() // the next Write may begin, if this one is done
}

// blocked reports whether a Write has to wait still.
func (c *Conn) blocked(h *half) bool {
	return h.writeFault == 0 && !h.writeLate && !h.ended && h.room(c.host.net.limit()) == 0
}

// writeDeaf writes to an end that was closed: what it gets it answers with a reset.
// As with a kernel the bytes are taken, and the next call fails.
func (c *Conn) writeDeaf(h *half, b []byte) (int, error, bool) { //nolint:revive // as write
	if len(b) > 0 {
		h.writeFault = peerGone
	}
	return len(b), nil, false
}

// CloseWrite ends the stream in this direction: when the peer has read all, it gets
// io.EOF. The other direction goes on.
func (c *Conn) CloseWrite() error {
	h := c.out
	h.mu.Lock()
	why := h.writeFault
	if why == 0 {
		c.end(h)
	}
	scheduled := h.flight != nil
	h.mu.Unlock()
	if why != 0 {
		return c.opError("close", c.host.net.err(why, "shutdown"))
	}
	if scheduled {
		c.ask()
	}
	return nil
}

// end says that no more is written. The caller holds the lock.
func (c *Conn) end(h *half) {
	if h.ended {
		return
	}
	for c.stale(h) {
		c.relink(h, false)
	}
	h.ended = true
	if h.flight == nil {
		h.eof = true
		c.traceEnd(false, h.written)
	}
	h.wake()
}

// stale reports whether it has to be asked again whether bytes may go at once.
func (c *Conn) stale(h *half) bool {
	return h.flight == nil && h.gen != c.host.net.fabric.gen.Load()
}

// relink asks the fabric whether bytes may still go at once, and gives the stream to
// the scheduler if not. It is called with the lock held, and lets it go meanwhile.
func (c *Conn) relink(h *half, writing bool) {
	n := c.host.net
	gen := n.fabric.gen.Load()
	h.writing = h.writing || writing
	h.mu.Unlock()
	ok := n.direct(c.host, c.peer.host)
	if !ok {
		n.sched.run.Lock()
		c.schedule()
		n.sched.run.Unlock()
	}
	h.mu.Lock()
	if writing {
		h.writing = false
		h.wake() // another Write may have come meanwhile
	}
	if ok {
		h.gen = gen
	}
}

var _ net.Conn = (*Conn)(nil)
