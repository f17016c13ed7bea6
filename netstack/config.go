package netstack

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Config holds what is the same for a whole stack. Its zero value can be used. New
// copies it.
type Config struct {
	// Congestion is TCP's congestion control: "cubic" (the default) or "reno".
	Congestion string
	// NoSACK turns off selective acknowledgement (RFC 2018).
	NoSACK bool
	// NoRACK turns off RACK-TLP (RFC 8985), which finds losses by time. Without it losses
	// are found by counting duplicate acknowledgements (RFC 6675).
	NoRACK bool
	// SendBuffer is what a TCP endpoint holds of data that is not acknowledged yet.
	SendBuffer BufferSizes
	// ReceiveBuffer is what a TCP endpoint holds of data that is not read yet; the window
	// follows from it. It grows from Default up to Max as fast as data is read.
	ReceiveBuffer BufferSizes
	// TimeWait is how long the side of a TCP conn that closed first keeps its pair of
	// ports. 0 is 60 s, as Linux has it; negative is not at all. Bound: an hour.
	TimeWait time.Duration
	// KeepAlive is for TCP conns that package netstack makes. As in package net, Idle, Interval
	// and Count that are 0 are 15 s, 15 s and 9, and negative ones leave the engine's value, which
	// are 2 h, 75 s and 9. Bounds: 32767 s, and 127 probes. The zero value is on with those of
	// package net; one with Enable false and Count -1 is off.
	KeepAlive net.KeepAliveConfig
	// PortRange is the first and the last of the local ports that are given to endpoints
	// which ask for none. Zero is 16000 to 65535. At least 1.
	PortRange [2]uint16
	// Forwarding passes on packets that are for somebody else, by the route table, from
	// NIC to NIC. Packets that are for nobody of the stack are dropped without it. What is
	// too long is cut into fragments where IPv4 allows it; ICMP tells senders what is not
	// passed on. IPv4 options are passed on as they are, but packets with a source route
	// are dropped (RFC 7126), as are those from or to addresses that are no global unicast
	// ones. Headers of IPv6 options are not looked at.
	Forwarding bool
	// Clock is the time of timers and timestamps; nil is the system's.
	Clock Clock
}

// BufferSizes are bytes, with 0 < Min <= Default <= Max <= 1 GiB. Default is what an
// endpoint begins with; Min and Max are what its options can set. The zero value is
// 4 KiB, 208 KiB and 1 MiB to send, and 4 KiB, 208 KiB and 1 MiB to receive. A zero field
// of others is that default, moved between its neighbours.
type BufferSizes struct{ Min, Default, Max int }

const (
	minBuffer     = 4 << 10
	defaultBuffer = 208 << 10
	maxBuffer     = 1 << 20
	limitBuffer   = 1 << 30
	maxTimeWait   = time.Hour
	timeWait      = 60 * time.Second
)

// resolved returns the Config with its defaults filled in, or one error for every field
// that is wrong.
func (c *Config) resolved() (Config, error) {
	var r Config
	if c != nil {
		r = *c
	}
	var errs []error
	bad := func(field, value, format string, args ...any) {
		errs = append(errs, &Error{Op: "config", Field: field, Value: value, Err: fmt.Errorf(format, args...)})
	}
	switch r.Congestion {
	case "":
		r.Congestion = "cubic"
	case "cubic", "reno":
	default:
		bad("Congestion", r.Congestion, "not one of cubic, reno")
	}
	r.SendBuffer.resolve("SendBuffer", bad)
	r.ReceiveBuffer.resolve("ReceiveBuffer", bad)
	switch {
	case r.TimeWait == 0:
		r.TimeWait = timeWait
	case r.TimeWait > maxTimeWait:
		bad("TimeWait", r.TimeWait.String(), "more than %v", maxTimeWait)
	}
	if r.PortRange == [2]uint16{} {
		r.PortRange = [2]uint16{16000, 65535}
	}
	if lo, hi := r.PortRange[0], r.PortRange[1]; lo == 0 || hi < lo {
		bad("PortRange", fmt.Sprintf("%d-%d", lo, hi), "not a first port above 0 and a last one that is not below it")
	}
	checkKeepAlive(r.KeepAlive, bad)
	return r, errors.Join(errs...)
}

// checkKeepAlive refuses what KeepAliveOption does: conns would be without keep-alive.
func checkKeepAlive(k net.KeepAliveConfig, bad func(field, value, format string, args ...any)) {
	if k.Idle > maxKeepAlive {
		bad("KeepAlive.Idle", k.Idle.String(), "more than %v", maxKeepAlive)
	}
	if k.Interval > maxKeepAlive {
		bad("KeepAlive.Interval", k.Interval.String(), "more than %v", maxKeepAlive)
	}
	if k.Count > maxProbes {
		bad("KeepAlive.Count", strconv.Itoa(k.Count), "more than %d", maxProbes)
	}
}

func (b *BufferSizes) resolve(field string, bad func(field, value, format string, args ...any)) {
	given := *b
	if b.Min == 0 {
		b.Min = min(minBuffer, pos(b.Default), pos(b.Max))
	}
	if b.Default == 0 {
		b.Default = max(b.Min, min(defaultBuffer, pos(b.Max)))
	}
	if b.Max == 0 {
		b.Max = max(b.Default, maxBuffer)
	}
	if b.Min < 0 || b.Default < b.Min || b.Max < b.Default || b.Max > limitBuffer {
		bad(field, fmt.Sprintf("{%d %d %d}", given.Min, given.Default, given.Max),
			"not 0 < Min <= Default <= Max <= %d", limitBuffer)
	}
}

// pos returns n, or what bounds nothing when it is not set.
func pos(n int) int {
	if n == 0 {
		return limitBuffer
	}
	return n
}
