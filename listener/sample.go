package listener

import "time"

// traffic is what a guard remembers of a sample.
type traffic struct{ received, acked uint64 } // bytes

// sample is what the kernel has counted of a TCP conn.
type sample struct {
	traffic

	written                   uint64 // bytes
	sinceReceived, sinceAcked time.Duration
	unread                    bool // bytes wait for the application
	unacked                   bool // bytes wait for the peer
}
