package forward

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/tunx"
)

// The bounds of a queue.
const (
	queueLength   = 512
	queuePatience = 100 * time.Millisecond
)

// queue carries packets from one goroutine to another. put waits while it is full; a lossy
// one only while somebody takes.
type queue struct {
	lossy   bool
	dropped atomic.Uint64

	mu                sync.Mutex
	notEmpty, notFull sync.Cond
	ring              [queueLength]*[]byte
	first, count      int
	closed            bool
	taken             time.Time // when the last packet was
}

func newQueue(lossy bool) *queue {
	q := &queue{lossy: lossy}
	q.notEmpty.L, q.notFull.L = &q.mu, &q.mu
	return q
}

var packets = sync.Pool{New: func() any { return new([]byte) }}

// put copies the packet p into the queue.
func (q *queue) put(p []byte) (int, error) {
	b := packets.Get().(*[]byte)
	*b = append((*b)[:0], p...)
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.room() {
		packets.Put(b)
		if q.closed {
			return 0, tunx.ErrClosed
		}
		q.dropped.Add(1)
		return len(p), nil
	}
	q.ring[(q.first+q.count)%queueLength] = b
	q.count++
	q.notEmpty.Signal()
	return len(p), nil
}

// room waits for room, and says whether there is some.
func (q *queue) room() bool {
	for q.count == queueLength && !q.closed {
		if !q.lossy {
			q.notFull.Wait()
			continue
		}
		left := queuePatience - time.Since(q.taken)
		if left <= 0 {
			return false
		}
		wake := time.AfterFunc(left, q.look)
		q.notFull.Wait()
		wake.Stop()
	}
	return !q.closed
}

// look makes all who wait look at the time. With the lock: who is about to wait has it.
func (q *queue) look() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notFull.Broadcast()
}

// take copies the next packet to p, and waits for it.
func (q *queue) take(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.count == 0 && !q.closed {
		q.notEmpty.Wait()
	}
	if q.closed {
		return 0, io.EOF
	}
	b := q.ring[q.first]
	q.ring[q.first], q.first = nil, (q.first+1)%queueLength
	q.count--
	if q.lossy {
		q.taken = time.Now()
	}
	q.notFull.Signal()
	n := copy(p, *b)
	packets.Put(b)
	return n, nil
}

// close wakes everybody and drops what is in the queue.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	clear(q.ring[:])
	q.count = 0
	q.notEmpty.Broadcast()
	q.notFull.Broadcast()
}
