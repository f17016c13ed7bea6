package netstack

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// maxReplies bounds the answers that wait for the device.
const maxReplies = 256

// replies are the answers that the engine gives while a reader calls it. The reader must
// not wait for the device: two stacks whose readers wait for each other's would wait for
// ever. What does not fit is dropped, as ICMP and resets may be.
type replies struct {
	mu      sync.Mutex
	queue   []*stack.PacketBuffer
	running bool
	closed  bool
}

// reply writes the packet in a goroutine that ends when there are no more. Its error says
// that the packet was dropped.
func (l *link) reply(pkt *stack.PacketBuffer) tcpip.Error {
	r := &l.replies
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		l.stats.txDropped.Add(1)
		return &tcpip.ErrClosedForSend{}
	case len(r.queue) == maxReplies:
		l.stats.txDropped.Add(1)
		return &tcpip.ErrNoBufferSpace{}
	}
	r.queue = append(r.queue, pkt.IncRef())
	if !r.running {
		r.running = true
		l.workers.Go(l.replier)
	}
	return nil
}

func (l *link) replier() {
	r := &l.replies
	var batch []*stack.PacketBuffer
	for {
		r.mu.Lock()
		if len(r.queue) == 0 {
			r.running = false
			r.mu.Unlock()
			return
		}
		batch, r.queue = r.queue, batch[:0]
		r.mu.Unlock()
		for i, pkt := range batch {
			_ = l.write(pkt) // the link counts what it could not write
			pkt.DecRef()
			batch[i] = nil
		}
	}
}

// stop refuses what comes later, so that the workers can be waited for.
func (r *replies) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}
