package listener

import "time"

// sample is what the kernel has counted of a TCP conn.
type sample struct {
	received, acked, written  uint64 // bytes
	sinceReceived, sinceAcked time.Duration
	unread                    bool // bytes wait for the application
	unacked                   bool // bytes wait for the peer
}
