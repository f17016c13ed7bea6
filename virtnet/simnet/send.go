package simnet

import (
	"time"
)

// ask lets the scheduler send what the conn has to send, with the next job.
func (c *Conn) ask() {
	if !c.pushing.CompareAndSwap(false, true) {
		return
	}
	s := &c.host.net.sched
	s.add(&job{
		at: s.soon(), src: c.host.name, dst: c.host.net.nameOf(c.remote.Addr()), flow: c.flow.Load(),
		kind: jobPush, conn: c, host: c.host,
	})
}

// push sends what there is to send.
func (c *Conn) push(now time.Duration) {
	c.pushing.Store(false)
	switch c.phase.Load() {
	case phaseNew:
		c.begin(now)
		return
	case phaseGone:
		return
	}
	if c.aborted.Load() {
		c.reset(now)
		return
	}
	if c.phaseIs(phaseDialing) {
		return
	}
	if c.out.flight != nil {
		c.output(now)
	}
	if c.course.ackNow || c.reopened() {
		c.acknowledge(now)
	}
	c.watch(now)
	c.finish(now)
}

// output sends segments: first what was lost, then what is new, as far as the windows
// allow.
func (c *Conn) output(now time.Duration) {
	f, mss := c.out.flight, c.mss()
	for i := range f.segments {
		if s := &f.segments[i]; s.lost && (f.room() >= s.to-s.from || i == 0) {
			s.attempt, s.lost, s.at = s.attempt+1, false, now
			c.segment(now, s)
		}
	}
	c.out.mu.Lock()
	written, ended := c.out.written, c.out.ended
	c.out.mu.Unlock()
	for f.sent < written {
		n := min(written-f.sent, mss, f.room(), f.edge-min(f.edge, f.sent))
		if n == 0 || n < mss && n < written-f.sent && len(f.segments) > 0 {
			return // wait rather than send small ones (RFC 1122, 4.2.3.4)
		}
		c.extend(now, segment{span: span{f.sent, f.sent + n}})
	}
	if ended && !f.ended {
		f.ended = true
		c.extend(now, segment{span: span{f.sent, f.sent + 1}, end: true})
	}
}

// extend sends a new segment.
func (c *Conn) extend(now time.Duration, s segment) {
	f := c.out.flight
	if len(f.segments) == 0 {
		f.heard = now
	}
	s.at = now
	f.sent = s.to
	f.segments = append(f.segments, s)
	c.segment(now, &s)
}

// segment sends a segment.
func (c *Conn) segment(now time.Duration, s *segment) {
	p := c.packet(StepData)
	p.seq, p.attempt, p.data = s.from, s.attempt, int(s.to-s.from) //nolint:gosec // at most the MTU
	if s.end {
		p.step, p.data = StepFIN, 0
	}
	p.capture = c.capture(s)
	c.emit(now, p)
}

// capture copies what the trace keeps of a segment.
func (c *Conn) capture(s *segment) []byte {
	n := c.host.net
	if n.cfg.CaptureBytes == 0 || !n.trace.on() || s.end {
		return nil
	}
	b := make([]byte, min(uint64(n.cfg.CaptureBytes), s.to-s.from)) //nolint:gosec // not negative
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if s.from < c.out.consumed {
		return nil // it is sent again though it was read
	}
	return b[:c.out.buffer.peek(b, s.from-c.out.consumed)]
}

// packet makes a packet of the conn.
func (c *Conn) packet(step Step) *packet {
	p := &packet{proto: TCP, step: step, src: c.local, dst: c.remote, from: c.host, flow: c.flow.Load(), conn: c}
	if f := c.out.flight; f != nil {
		p.seq = f.sent
	}
	return p
}

// emit numbers a packet, puts in what has come, and sends it.
func (c *Conn) emit(now time.Duration, p *packet) {
	p.number = c.course.number
	c.course.number++
	if in := c.in.flight; in != nil && p.step != StepSYN {
		p.ack, p.early = in.got, append([]span(nil), in.early...)
		c.in.mu.Lock()
		c.in.edge = max(c.in.edge, c.in.consumed+c.host.net.limit())
		p.window = c.in.edge - min(c.in.edge, p.ack)
		c.in.mu.Unlock()
	}
	c.course.ackNow = false
	p.size = p.proto.headers(p.dst.Addr()) + p.data
	c.host.net.transmit(now, p)
}

// acknowledge sends an ACK without more.
func (c *Conn) acknowledge(now time.Duration) { c.emit(now, c.packet(StepACK)) }

// mss is how many bytes a segment can have.
func (c *Conn) mss() uint64 {
	n := c.host.net
	mtu := n.fabric.mtu(c.host, &packet{proto: TCP, src: c.local, dst: c.remote, from: c.host})
	return uint64(mtu - TCP.headers(c.remote.Addr())) //nolint:gosec // an MTU is larger than headers
}

// reset sends a RST and forgets the conn.
func (c *Conn) reset(now time.Duration) {
	if !c.phaseIs(phaseDialing) && !c.over {
		c.emit(now, c.packet(StepRST))
	}
	c.leave()
}

// finish forgets a conn whose both directions are at their end.
func (c *Conn) finish(now time.Duration) {
	in, out := c.in.flight, c.out.flight
	if c.over || in.total == 0 || in.got < in.total || !out.ended || out.acked < out.sent {
		return
	}
	if c.course.ackNow {
		c.acknowledge(now)
	}
	c.over = true
	c.leave()
}

// schedule gives a stream whose bytes went at once to the scheduler, where it stays. No
// byte is lost: what was written has arrived. The caller holds the scheduler's lock.
func (c *Conn) schedule() {
	if c.course != nil {
		return
	}
	c.course, c.peer.course = &course{number: uint64(c.packets.Load())}, &course{number: uint64(c.peer.packets.Load())}
	c.start()
}
