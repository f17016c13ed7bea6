package main

import (
	"errors"
	"net"
	"strconv"
	"time"
)

// A match is one sender and one receiver on a stage.
type match struct {
	send, receive string // ways
	size, batch   int
	time          time.Duration
	segments      int // that a C sender sends as one
}

// An outcome is what a match gave.
type outcome struct {
	sent, received report
	socketDrops    int64 // packets that the receiver's socket had no room for
	backlogDrops   int64 // packets that the kernel's queue before the socket had no room for
}

func (p programs) play(s *stage, m match) (o outcome, err error) {
	to, err := p.start(s.to, job{role: receiving, way: m.receive, address: net.JoinHostPort(s.address, "0"),
		size: m.size, batch: m.batch, time: m.time})
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, to.Stop()) }()
	var at ready
	if err := to.Line(&at); err != nil {
		return o, err
	}
	before, err := backlogDrops()
	if err != nil {
		return o, err
	}
	from, err := p.start(s.from, job{role: sending, way: m.send, size: m.size, batch: m.batch, time: m.time, segments: m.segments,
		address: net.JoinHostPort(s.address, strconv.Itoa(at.Port))})
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, from.Stop()) }()
	err = errors.Join(from.Line(&o.sent), to.Tell(), to.Line(&o.received))
	if err != nil {
		return o, err
	}
	after, err := backlogDrops()
	if err != nil {
		return o, err
	}
	o.backlogDrops = after - before
	state, err := stateOf(to.Process.Pid, at.Port)
	o.socketDrops = state.drops
	return o, err
}
