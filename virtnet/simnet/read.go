package simnet

import "io"

// Read reads what has come. At the end of the stream it returns io.EOF.
func (c *Conn) Read(b []byte) (int, error) {
	h := c.in
	h.mu.Lock()
	for {
		if n, err, done := c.tryRead(h, b); done {
			tell := n > 0 && h.flight != nil && c.opened(h)
			h.mu.Unlock()
			if tell {
				c.ask()
			}
			if err != nil && err != io.EOF { //nolint:errorlint // it is as it was made
				err = c.opError("read", err)
			}
			return n, err
		}
		h.cond.Wait()
	}
}

// tryRead reads what can be read now. It reports false if there is nothing yet.
func (c *Conn) tryRead(h *half, b []byte) (int, error, bool) { //nolint:revive // the last result is about the others
	switch {
	case h.deaf:
		return 0, c.host.net.err(or(h.readFault, sockClosed), "read"), true
	case h.readLate:
		return 0, errLate, true
	case len(b) == 0:
		return 0, nil, true
	case h.delivered > h.consumed:
		return h.read(b, c.host.net.limit()), nil, true
	case h.eof:
		return 0, io.EOF, true
	case h.readFault != 0:
		return 0, c.host.net.err(h.readFault, "read"), true
	}
	return 0, nil, false
}

// limit is what a direction holds.
func (n *Network) limit() uint64 { return uint64(n.cfg.BufferBytes) } //nolint:gosec // not negative

// read takes bytes that were delivered. A writer that waits is woken when there is
// room for some: were it woken for each byte, both would do nothing else.
func (h *half) read(b []byte, limit uint64) int {
	if ready := h.delivered - h.consumed; ready < uint64(len(b)) {
		b = b[:ready]
	}
	n := h.buffer.take(b)
	h.consumed += uint64(n) //nolint:gosec // not negative
	if h.writing && (h.consumed == h.delivered || h.room(limit) >= limit/2) {
		h.wake()
	}
	return n
}

// opened reports whether there is so much more room that the writer has to be told.
// It holds where the peer is of another host.
func (c *Conn) opened(h *half) bool {
	limit := c.host.net.limit()
	return h.consumed+limit >= h.edge+limit/4 && !h.eof
}

// reopened is opened, once the scheduler has been asked: the peer hears of the room
// in an ACK, for it has no other reason to send anything.
func (c *Conn) reopened() bool {
	h := c.in
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.flight != nil && c.opened(h)
}
