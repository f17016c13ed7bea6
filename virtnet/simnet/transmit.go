package simnet

import "time"

// kindOf says what it is that a packet leaves its host.
func (p *packet) kindOf() Kind {
	switch {
	case p.refusal:
		return KindRefuse
	case p.attempt > 0:
		return KindRetransmit
	}
	switch p.step {
	case StepSYN:
		return KindDial
	case StepSYNACK:
		return KindAccept
	case StepFIN:
		return KindClose
	case StepRST:
		return KindReset
	}
	return KindSend
}

// transmit sends a packet.
func (n *Network) transmit(now time.Duration, p *packet) {
	p.sentFrom, p.sentTo = p.src, p.dst
	why := Reason(0)
	if p.refusal {
		why = ReasonNoListener
	}
	n.note(now, p, p.kindOf(), why)
	if to := p.from.self(p.dst.Addr()); to {
		n.enter(now, p, &verdict{src: p.src, dst: p.dst, to: p.from})
		return
	}
	n.carry(now, p)
}

// carry lets the fabric carry a packet on.
func (n *Network) carry(now time.Duration, p *packet) {
	v := n.fabric.pass(now, p)
	if v.count == 0 {
		n.note(now, p, KindDrop, v.drop)
		n.lost(p, &v)
		return
	}
	for i := range v.count {
		q := p
		if i > 0 {
			q = p.twin()
		}
		n.enter(v.arrivals[i], q, &v)
	}
}

// enter enters the job of an arrival.
func (n *Network) enter(at time.Duration, p *packet, v *verdict) {
	j := &job{at: at, src: p.from.name, flow: p.flow, number: p.number, kind: jobArrive, p: p, path: v}
	if v.to != nil {
		j.dst, j.host = v.to.name, v.to
	}
	n.sched.add(j)
}

// lost tells the sender what it can know at once.
func (n *Network) lost(p *packet, v *verdict) {
	var why cause
	switch {
	case v.refused:
		why = refused
	case v.drop == ReasonUnreachable:
		why = unreachable
	default:
		return
	}
	if p.sock != nil {
		p.sock.complain(why)
		return
	}
	c := p.conn
	switch {
	case c == nil:
	case c.phaseIs(phaseDialing):
		c.giveUp(why)
	case why == refused:
		c.giveUp(peerReset)
	}
}

// note keeps an event.
func (n *Network) note(now time.Duration, p *packet, kind Kind, why Reason) {
	if !n.trace.on() {
		return
	}
	e := Event{
		Time: now, Kind: kind, Step: p.step, Protocol: p.proto, Source: p.from.name,
		From: p.sentFrom, To: p.sentTo, Flow: p.flow, Seq: p.seq, Number: p.number, Attempt: p.attempt,
		Ack: p.ack, Size: p.data, Reason: why, Data: p.capture, Destination: n.nameOf(p.sentTo.Addr()),
	}
	if p.from.self(p.sentTo.Addr()) {
		e.Destination = p.from.name
	}
	n.trace.add(e)
}

// arrive lets a packet into its host.
func (n *Network) arrive(now time.Duration, p *packet, v *verdict) {
	if v.relay {
		n.carry(now, p)
		return
	}
	p.src, p.dst = v.src, v.dst
	to := v.to
	if to.status.Load() != hostUp {
		n.note(now, p, KindDrop, ReasonHost)
		return
	}
	if p.proto == UDP {
		n.arriveDatagram(now, p, v)
		return
	}
	n.delivered(now, p, to)
	to.arrive(now, p)
}

// delivered keeps the event of an arrival, as the receiver sees it.
func (n *Network) delivered(now time.Duration, p *packet, to *Host) {
	if !n.trace.on() {
		return
	}
	n.trace.add(Event{
		Time: now, Kind: KindDeliver, Step: p.step, Protocol: p.proto, Source: p.from.name, Destination: to.name,
		From: p.src, To: p.dst, Flow: p.flow, Seq: p.seq, Number: p.number, Attempt: p.attempt,
		Ack: p.ack, Size: p.data, Data: p.capture,
	})
}

// answer sends a RST, or "port unreachable", for a packet that nobody wants,
// which is none of these.
func (h *Host) answer(now time.Duration, p *packet, refusal bool) {
	q := &packet{
		proto: p.proto, step: StepRST, src: p.dst, dst: p.src, from: h, flow: p.flow,
		number: 1<<63 | p.number, refusal: refusal, seq: p.ack, ack: p.seq + uint64(p.data), //nolint:gosec // not negative
	}
	if p.step == StepFIN {
		q.ack++
	}
	q.size = q.proto.headers(q.dst.Addr())
	h.net.transmit(now, q)
}
