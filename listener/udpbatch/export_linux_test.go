package udpbatch

import (
	"net/netip"
	"time"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

// Offer returns the number of reads that the Reader's next call offers at most,
// and how many slots have memory.
func Offer(r *Reader) (offer, slots int) {
	in := r.in.(*receiver)
	return in.offer, len(in.slots)
}

// Limit returns the size from which GSO is given up for the destination.
func Limit(c *Conn, to netip.Addr) int { return c.out.(*sender).limits.of(to) }

// Expire makes a limit one that is to be forgotten.
func Expire(c *Conn, to netip.Addr) {
	c.out.(*sender).limits.entry(to).until = time.Now().Add(-time.Second)
}

// Headers returns how many headers the last call of sendmmsg sent.
func Headers(c *Conn) int { return c.out.(*sender).from }

// TryOffloads is the probe.
func TryOffloads() (segments int, gso, gro error) {
	o := tryOffloads()
	return o.segments, o.gso, o.gro
}

// TrySegments and CameAs are steps of it.
func TrySegments(send func(n int) error) (int, error) { return trySegments(send) }

func CameAs(n, joined int) error { return cameAs(n, joined) }

// WithProbe lets a probe be told what it finds, until the function returned is called.
func WithProbe(segments int, gso, gro error) (restore func()) {
	before := probe.run
	probe.mu.Lock()
	defer probe.mu.Unlock()
	got := probe.got
	probe.got = offload{known: true, segments: segments, gso: gso, gro: gro}
	return func() {
		probe.mu.Lock()
		defer probe.mu.Unlock()
		probe.run, probe.got = before, got
	}
}

// Collide returns two destinations of which one pushes the other out.
func Collide() (a, b netip.Addr) {
	l := limits{table: make([]limit, limitsLen)}
	a = netip.MustParseAddr("10.0.0.0")
	b = a.Next()
	for l.entry(b) != l.entry(a) {
		b = b.Next()
	}
	return a, b
}

// Lower sets a limit.
func Lower(c *Conn, to netip.Addr, size int) { c.out.(*sender).limits.lower(to, size) }

// GiveUp asks whether a send of n messages as one failed because it was one,
// and acts on it.
func GiveUp(c *Conn, m *Message, n int, err error) bool {
	s := c.out.(*sender)
	s.from, s.counts[0] = 0, n
	return s.giveUp(m, err)
}

// Refusal says what a failure of the probe's send means.
func Refusal(err error) error { return refusal(err) }

// Room is the size of the control messages of a read.
const Room = cmsg.Room
