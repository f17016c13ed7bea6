package forward

import (
	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// Queue is what a Device keeps its packets in.
type Queue = queue

// NewQueue returns an empty one.
func NewQueue(lossy bool) *Queue { return newQueue(lossy) }

// Put puts a packet into it.
func (q *queue) Put(p []byte) (int, error) { return q.put(p) }

// Take takes the next packet.
func (q *queue) Take(p []byte) (int, error) { return q.take(p) }

// Dropped returns the number of packets that were dropped.
func (q *queue) Dropped() uint64 { return q.dropped.Load() }

// NewEnds returns a device without a stack, and the side that the stack has.
func NewEnds(mtu int) (device, stackSide tunx.IPDevice) {
	d := newDevice(mtu)
	return bare{d}, d.end
}

// bare is a device of which only the ends are closed.
type bare struct{ *Device }

func (b bare) Close() error { return b.end.Close() }

// Request hands a request of another stack to f.
func (f *Forwarder) Request(r *netstack.TCPRequest) { f.request(r) }
