package simnet

import (
	"fmt"
	"math"
	"time"
)

// What a zero field of a Link means, and how far the others go.
const (
	// DefaultQueueBytes is used when Link.QueueBytes is 0.
	DefaultQueueBytes = 256 << 10
	// DefaultMTU is used when Link.MTU is 0: the largest packet of IP.
	DefaultMTU = 65535
	// MinMTU is the smallest that Link.MTU can be, since every host of IPv4 takes
	// that much (RFC 791).
	MinMTU = 576
	// MaxLatency bounds Link.Latency and Link.Jitter.
	MaxLatency = time.Hour
	// MaxBandwidth bounds Link.Bandwidth: 1 Tbit/s.
	MaxBandwidth = 1_000_000_000_000
)

// Link is how packets pass, in one direction. The zero value passes all of them at
// once.
//
// Streams are made of packets too. What is lost of a stream is sent again, what is
// overtaken is waited for, and a damaged packet is noticed by its checksum and sent
// again: bytes of a stream come late, but never wrong, and none are missing.
type Link struct {
	// Latency is the time that a packet takes, without what Bandwidth takes.
	// From 0 to MaxLatency.
	Latency time.Duration
	// Jitter is the most that is added to Latency, evenly spread. It changes no
	// order: a packet waits for the one before it. From 0 to MaxLatency.
	Jitter time.Duration
	// Loss is the share of packets that are lost, from 0 to 1.
	Loss float64
	// Reorder is the share of packets that are held back, so that later ones
	// overtake them: for Latency and Jitter once more, 1 ms at least. From 0 to 1.
	Reorder float64
	// Duplicate is the share of datagrams that arrive twice, from 0 to 1.
	Duplicate float64
	// Corrupt is the share of packets that are damaged, from 0 to 1. A datagram
	// arrives with one byte changed.
	Corrupt float64
	// Bandwidth is in bits per second of IP packets, headers included. 0 is no
	// bound. From 0 to MaxBandwidth.
	Bandwidth int64
	// QueueBytes are the bytes that wait when Bandwidth is used up; a packet that
	// finds no room is lost. Unused without Bandwidth. 0 is DefaultQueueBytes.
	// Not negative.
	QueueBytes int
	// MTU is the size of the largest IP packet, headers included, in bytes. A
	// datagram above it is lost, as if it must not be fragmented; segments of
	// streams are never larger. From MinMTU to 65535; 0 is DefaultMTU.
	MTU int
	// Down loses everything.
	Down bool
}

// ideal reports whether packets pass as if there were no link.
func (l *Link) ideal() bool {
	return l.Latency == 0 && l.Jitter == 0 && l.Loss == 0 && l.Reorder == 0 && l.Duplicate == 0 &&
		l.Corrupt == 0 && l.Bandwidth == 0 && l.mtu() == DefaultMTU && !l.Down
}

// or returns the link with what base says in place of zero fields.
func (l Link) or(base Link) Link {
	return Link{
		Latency: or(l.Latency, base.Latency), Jitter: or(l.Jitter, base.Jitter),
		Loss: or(l.Loss, base.Loss), Reorder: or(l.Reorder, base.Reorder),
		Duplicate: or(l.Duplicate, base.Duplicate), Corrupt: or(l.Corrupt, base.Corrupt),
		Bandwidth: or(l.Bandwidth, base.Bandwidth), QueueBytes: or(l.QueueBytes, base.QueueBytes),
		MTU: or(l.MTU, base.MTU), Down: l.Down || base.Down,
	}
}

func (l *Link) mtu() int {
	if l.MTU == 0 {
		return DefaultMTU
	}
	return l.MTU
}

func (l *Link) queue() int {
	if l.QueueBytes == 0 {
		return DefaultQueueBytes
	}
	return l.QueueBytes
}

// check notes each bad field.
func (l *Link) check(p *problems, path string) {
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"Latency", l.Latency}, {"Jitter", l.Jitter}} {
		if d.value < 0 || d.value > MaxLatency {
			p.addf(path+d.field, d.value, "must be from 0 to %v", MaxLatency)
		}
	}
	for _, s := range []struct {
		field string
		value float64
	}{{"Loss", l.Loss}, {"Reorder", l.Reorder}, {"Duplicate", l.Duplicate}, {"Corrupt", l.Corrupt}} {
		if !(s.value >= 0 && s.value <= 1) { // NaN is neither
			p.addf(path+s.field, s.value, "must be from 0 to 1")
		}
	}
	if l.Bandwidth < 0 || l.Bandwidth > MaxBandwidth {
		p.addf(path+"Bandwidth", l.Bandwidth, "must be from 0 to %d", MaxBandwidth)
	}
	if l.QueueBytes < 0 || l.QueueBytes > math.MaxInt32 {
		p.addf(path+"QueueBytes", l.QueueBytes, "must be from 0 to %d", math.MaxInt32)
	}
	if l.MTU != 0 && (l.MTU < MinMTU || l.MTU > DefaultMTU) {
		p.addf(path+"MTU", l.MTU, "must be from %d to %d, or 0", MinMTU, DefaultMTU)
	}
}

// Check returns what New and the others would say of the link: an error for each
// bad field, joined.
func (l *Link) Check() error {
	var p problems
	l.check(&p, "")
	return p.err()
}

// String returns the fields that are not zero, such as
// "latency=20ms loss=0.01", or "ideal".
func (l *Link) String() string {
	text := ""
	add := func(name string, zero bool, value any) {
		if !zero {
			text += fmt.Sprintf(" %s=%v", name, value)
		}
	}
	add("latency", l.Latency == 0, l.Latency)
	add("jitter", l.Jitter == 0, l.Jitter)
	add("loss", l.Loss == 0, l.Loss)
	add("reorder", l.Reorder == 0, l.Reorder)
	add("duplicate", l.Duplicate == 0, l.Duplicate)
	add("corrupt", l.Corrupt == 0, l.Corrupt)
	add("bandwidth", l.Bandwidth == 0, l.Bandwidth)
	add("queue", l.QueueBytes == 0, l.QueueBytes)
	add("mtu", l.MTU == 0, l.MTU)
	add("down", !l.Down, l.Down)
	if text == "" {
		return "ideal"
	}
	return text[1:]
}
