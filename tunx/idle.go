package tunx

import "time"

// epoch is when time began. Idle times are counted from it by the monotonic clock: a clock
// that is set must not end what is in use, nor keep what is idle.
var epoch = time.Now()

// sinceEpoch returns the time in nanoseconds.
func sinceEpoch() int64 { return int64(time.Since(epoch)) }

// idleLeft returns what is left of an idle time after the last use, which another goroutine
// may have noted after this one has asked for the time. No idle time is too long for it.
func idleLeft(idle time.Duration, last int64) time.Duration {
	return idle - time.Duration(max(sinceEpoch()-last, 0))
}
