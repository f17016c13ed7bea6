package simnet

import "time"

// BeginClose does the first step of Close: what comes next can come later.
func BeginClose(c *Conn) { c.closed.Store(true) }

// HoldJobs lets no job be done until it is released.
func HoldJobs(n *Network) (release func()) {
	n.sched.run.Lock()
	return n.sched.run.Unlock
}

// Writing tells whether others have to wait for a Write.
func Writing(c *Conn) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.writing
}

// Blocked tells whether a Write that has found no room waits for some.
func Blocked(c *Conn) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.blocked(c.out)
}

// Backoff is how long to wait after so many repetitions.
func Backoff(d time.Duration, doublings int, most time.Duration) time.Duration {
	return backoff(d, doublings, most)
}
