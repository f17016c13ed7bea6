package simnet

import "time"

// arrive takes a packet of a stream.
func (h *Host) arrive(now time.Duration, p *packet) {
	c := h.find(p)
	switch {
	case c != nil && p.step == StepRST:
		c.wasReset()
	case c != nil:
		c.take(now, p)
	case p.step == StepSYN:
		h.greet(now, p)
	case p.step == StepRST:
	case p.conn != nil && p.conn.peer.over && p.conn.peer.host == h && (p.step == StepFIN || p.step == StepData):
		// The last ACK was lost. A kernel keeps conns for this case (TIME-WAIT); here the
		// sender leads to what has become of it.
		p.conn.peer.acknowledge(now)
	case p.step == StepACK && p.conn != nil && p.conn.peer.over:
	default:
		h.answer(now, p, false)
	}
}

// greet answers a SYN.
func (h *Host) greet(now time.Duration, p *packet) {
	l := h.listener(p.dst)
	if l == nil {
		h.answer(now, p, true)
		return
	}
	c := p.conn.peer
	if !c.phaseIs(phaseNew) || !p.conn.first {
		h.answer(now, p, true) // the SYN came by another way to another host before
		return
	}
	if !l.reserve() {
		h.net.note(now, p, KindDrop, ReasonBacklog)
		return
	}
	c.host, c.local, c.remote = h, p.dst, p.src
	c.waits.Store(l)
	c.flow.Store(p.flow)
	if !h.keep(c) {
		c.leave()
		return
	}
	c.phase.Store(phaseAccepted)
	p.conn.start()
	c.syn(now, StepSYNACK)
}

// start gives both directions what the scheduler needs.
func (c *Conn) start() {
	limit, mss := c.host.net.limit(), c.mss()
	for _, h := range []*half{c.in, c.out} {
		h.mu.Lock()
		h.flight = newFlight(h, mss, limit)
		h.mu.Unlock()
	}
}

// syn sends a SYN or the answer to one.
func (c *Conn) syn(now time.Duration, step Step) {
	p := c.packet(step)
	p.attempt, p.seq = c.course.attempts, 0
	c.course.attempts++
	if c.course.attempts == 1 {
		c.course.since = now
	}
	c.course.next = now + backoff(firstRTO, c.course.attempts-1, c.host.net.cfg.MaxRTO)
	c.emit(now, p)
	c.watch(now)
}

// backoff returns a time that was doubled so many times, at most most.
func backoff(d time.Duration, doublings int, most time.Duration) time.Duration {
	for ; doublings > 0 && d < most; doublings-- {
		d *= 2
	}
	return min(d, most)
}

// take takes a packet that is the conn's.
func (c *Conn) take(now time.Duration, p *packet) {
	switch c.phase.Load() {
	case phaseDialing:
		if p.step != StepSYNACK {
			return
		}
		if c.course.attempts == 1 {
			c.out.flight.measure(now - c.course.since)
			c.out.flight.rto = c.rto()
		}
		c.open()
		c.acknowledge(now)
	case phaseAccepted:
		if p.step == StepSYN {
			c.syn(now, StepSYNACK)
			return
		}
		if !c.accepted() {
			c.reset(now)
			return
		}
	}
	if p.step == StepSYNACK && c.phaseIs(phaseOpen) && p.attempt > 0 {
		c.acknowledge(now) // the one before was lost
	}
	c.heed(now, p)
	c.receive(now, p)
	if !c.phaseIs(phaseGone) {
		c.watch(now)
		c.finish(now)
	}
}

// heed does what the packet says about what was sent.
func (c *Conn) heed(now time.Duration, p *packet) {
	f := c.out.flight
	fresh := f.acknowledge(now, p)
	if fresh {
		f.rto = c.rto() // what it was doubled to is over (as Linux has it)
	}
	f.miss(c.mss())
	if fresh {
		c.out.mu.Lock()
		f.acked = max(f.acked, p.ack)
		if c.out.writing {
			c.out.wake()
		}
		c.out.mu.Unlock()
		f.due = 0 // the oldest has got a new time
	}
	c.output(now)
}

// rto is after which time what was not acknowledged is sent again (RFC 6298).
func (c *Conn) rto() time.Duration {
	f, cfg := c.out.flight, &c.host.net.cfg
	if f.srtt == 0 {
		return min(max(firstRTO, cfg.MinRTO), cfg.MaxRTO)
	}
	return min(max(f.srtt+4*f.rttvar, cfg.MinRTO), cfg.MaxRTO)
}

// receive takes in what the packet carries.
func (c *Conn) receive(now time.Duration, p *packet) {
	if p.probe {
		c.acknowledge(now)
	}
	if p.step != StepData && p.step != StepFIN {
		return
	}
	s := span{p.seq, p.seq + uint64(p.data)} //nolint:gosec // not negative
	if p.step == StepFIN {
		s.to++
	}
	h := c.in
	f := h.flight
	fresh := s.to > f.got
	got := f.receive(s, p.step == StepFIN)
	h.mu.Lock()
	deaf := h.deaf
	if f.total != 0 && got >= f.total {
		h.eof = true
		got = f.total - 1
	}
	if got > h.delivered || h.eof {
		h.deliver(max(got, h.delivered))
	}
	h.mu.Unlock()
	if deaf && fresh && p.step == StepData && c.closed.Load() {
		c.reset(now) // nobody will read it: as a kernel answers what it did not have yet
		return
	}
	c.course.ackNow = true
	c.ask()
}

// open says that the conn is there.
func (c *Conn) open() {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.phase.Store(phaseOpen)
	c.in.wake()
}

// accepted gives the conn to its listener. It reports false if that is closed.
func (c *Conn) accepted() bool {
	c.open()
	l := c.waits.Load()
	return l != nil && l.offer(c)
}

// wasReset ends the conn.
func (c *Conn) wasReset() {
	if c.phaseIs(phaseDialing) {
		c.giveUp(refused)
		return
	}
	c.giveUp(peerReset)
}

// giveUp ends the conn, and forgets it.
func (c *Conn) giveUp(why cause) {
	c.leave()
	c.fail(why)
}

// watch sets when the conn is looked after again.
func (c *Conn) watch(now time.Duration) {
	due := c.deadline(now)
	if due == 0 || c.course.expiring && c.course.expires <= due {
		return
	}
	c.course.expiring, c.course.expires = true, due
	c.host.net.sched.add(&job{
		at: due, src: c.host.name, dst: c.host.net.nameOf(c.remote.Addr()), flow: c.flow.Load(),
		kind: jobTimer, conn: c, host: c.host,
	})
}

// lingering is how long a conn that its user has closed waits for the peer's end, as
// Linux has it (tcp_fin_timeout).
const lingering = time.Minute

// deadline returns when the conn must be looked after, 0 for never.
func (c *Conn) deadline(now time.Duration) time.Duration {
	switch c.phase.Load() {
	case phaseDialing, phaseAccepted:
		return min(c.course.next, c.course.since+c.host.net.cfg.DialTimeout)
	case phaseOpen:
	default:
		if c.course.goodbye != 0 {
			return c.course.next
		}
		return 0
	}
	f := c.out.flight
	if len(f.segments) == 0 && !c.blockedByPeer() {
		f.due = 0
		if c.closed.Load() && f.ended {
			if c.course.idle == 0 {
				c.course.idle = now + lingering
			}
			return c.course.idle
		}
		return 0
	}
	if f.due == 0 {
		f.due = now + f.rto
	}
	return min(f.due, max(f.heard+c.host.net.cfg.WriteTimeout, now))
}

// blockedByPeer tells whether there are bytes and no room for them at the peer.
func (c *Conn) blockedByPeer() bool {
	f := c.out.flight
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.written > f.sent && f.edge <= f.sent
}

// expire looks after a conn.
func (c *Conn) expire(now time.Duration) {
	if now < c.course.expires {
		return // there was an earlier job
	}
	c.course.expiring = false
	due := c.deadline(now)
	if due == 0 {
		return
	}
	if now < due {
		c.watch(now)
		return
	}
	switch c.phase.Load() {
	case phaseDialing, phaseAccepted:
		c.repeatSYN(now)
	case phaseOpen:
		c.repeat(now)
	default:
		c.repeatGoodbye(now)
	}
}

// repeatSYN sends a SYN, or its answer, again.
func (c *Conn) repeatSYN(now time.Duration) {
	if now >= c.course.since+c.host.net.cfg.DialTimeout {
		c.giveUp(timedOut)
		return
	}
	c.syn(now, map[phase]Step{phaseDialing: StepSYN, phaseAccepted: StepSYNACK}[c.phase.Load()])
}

// repeat sends again what was not acknowledged in time.
func (c *Conn) repeat(now time.Duration) {
	f := c.out.flight
	switch {
	case len(f.segments) == 0 && !c.blockedByPeer():
		c.giveUp(timedOut) // closed for long, and the peer is not
		return
	case now >= f.heard+c.host.net.cfg.WriteTimeout:
		c.giveUp(timedOut)
		return
	}
	f.rto = min(2*f.rto, c.host.net.cfg.MaxRTO)
	f.due = now + f.rto
	if len(f.segments) == 0 {
		p := c.packet(StepACK)
		p.probe = true
		c.emit(now, p)
	} else {
		f.collapse(c.mss())
		c.output(now)
	}
	c.watch(now)
}
