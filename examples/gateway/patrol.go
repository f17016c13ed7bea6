package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/quicx"
)

// A patrolled stream counts its traffic, so that it can be cut when there is none.
// Package listener does this for TCP without a wrapper.
type patrolled struct {
	*quicx.StreamConn

	start  time.Time
	active atomic.Int64 // when there was traffic, in nanoseconds since start
}

func newPatrolled(c *quicx.StreamConn) *patrolled {
	return &patrolled{StreamConn: c, start: time.Now()}
}

// Read notes that something came.
func (g *patrolled) Read(b []byte) (int, error) {
	n, err := g.StreamConn.Read(b)
	g.note(n)
	return n, err
}

// Write notes that something was taken.
func (g *patrolled) Write(b []byte) (int, error) {
	n, err := g.StreamConn.Write(b)
	g.note(n)
	return n, err
}

func (g *patrolled) note(n int) {
	if n > 0 {
		g.active.Store(int64(time.Since(g.start)))
	}
}

// watch cuts the stream when nothing has moved for idle, or when it is as old as
// age, until ctx ends. 0 is no bound.
func (g *patrolled) watch(ctx context.Context, limits TCPLimits, cut func(error)) {
	if limits.Session > 0 {
		timer := time.AfterFunc(limits.Session, func() { cut(&boundError{"max_session", limits.Session}) })
		defer timer.Stop()
	}
	for {
		quiet := time.Since(g.start) - time.Duration(g.active.Load())
		if limits.Idle > 0 && quiet >= limits.Idle {
			cut(&boundError{"idle_timeout", limits.Idle})
			return
		}
		select {
		case <-time.After(max(limits.Idle-quiet, time.Millisecond)):
		case <-ctx.Done():
			return
		}
	}
}

// boundError says which bound a session has reached.
type boundError struct {
	key   string
	after time.Duration
}

// Error names the key.
func (e *boundError) Error() string { return fmt.Sprintf("%s=%v", e.key, e.after) }

// Timeout is true: time ran out.
func (e *boundError) Timeout() bool { return true }
