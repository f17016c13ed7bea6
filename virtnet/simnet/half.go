package simnet

import (
	"sync"
	"sync/atomic"
	"time"
)

// half is one direction of a stream: the bytes between a Write and a Read, wherever
// they are. Offsets count from the beginning of the stream.
//
//	consumed <= delivered <= written
//
// The bytes from consumed to written are in the buffer. Those from delivered on are
// still with the writer or on their way; where the direction has no flight there
// are none, and what is written can be read at once.
type half struct {
	mu   sync.Mutex
	cond sync.Cond // for readers, writers, and a dial

	sched *scheduler

	buffer                       buffer
	written, delivered, consumed uint64
	edge                         uint64 // how far the writer has been told to go
	gen                          uint64 // of the fabric, when it had no objection to no flight
	flight                       *flight
	noted                        atomic.Uint64 // of a traced direction without a flight: what has come

	readTimer, writeTimer *time.Timer

	readLate, writeLate bool  // a deadline has passed
	readFault           cause // why it cannot be read, when what was delivered has been
	writeFault          cause // why it cannot be written
	writing             bool  // a Write waits with a part of its bytes written
	ended               bool  // no more is written
	eof                 bool  // the reader knows: there is no more after delivered
	deaf                bool  // nobody will read
}

// room is how much more can be written now.
func (h *half) room(limit uint64) uint64 {
	held := h.written - h.consumed
	if h.flight != nil {
		// Each host has a buffer of its own, and knows what it was told.
		held = h.written - min(h.flight.acked, h.written)
	}
	return limit - min(limit, held)
}

// direct reports whether bytes go at once.
func (h *half) direct() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.flight == nil
}

// wake wakes all who wait for the direction.
func (h *half) wake() { h.sched.wake(&h.cond) }

// deliver lets everything up to an offset be read.
func (h *half) deliver(upTo uint64) {
	h.delivered = upTo
	if h.deaf {
		h.buffer.drop(upTo - h.consumed)
		h.consumed = upTo
	}
	h.wake()
}

// failReader lets Read fail when it has read what there is.
func (h *half) failReader(c cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.readFault == 0 {
		h.readFault = c
	}
	h.wake()
}

// failWriter lets Write fail.
func (h *half) failWriter(c cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.writeFault == 0 {
		h.writeFault = c
	}
	h.wake()
}

// setReadDeadline sets when Read gives up.
func (h *half) setReadDeadline(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	setDeadline(&h.mu, &h.cond, &h.readTimer, &h.readLate, t)
}

// setWriteDeadline sets when Write gives up.
func (h *half) setWriteDeadline(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	setDeadline(&h.mu, &h.cond, &h.writeTimer, &h.writeLate, t)
}

// stopTimer ends a deadline.
func stopTimer(timer **time.Timer) {
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
	}
}

// setDeadline arms a timer that says that it is too late, and wakes those who wait.
// The caller holds the lock.
func setDeadline(mu *sync.Mutex, cond *sync.Cond, timer **time.Timer, late *bool, t time.Time) {
	stopTimer(timer)
	*late = false
	if t.IsZero() {
		cond.Broadcast() // those who wait look again, also at the clock
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		*late = true
		cond.Broadcast()
		return
	}
	var mine *time.Timer
	mine = time.AfterFunc(wait, func() {
		mu.Lock()
		defer mu.Unlock()
		if *timer == mine {
			*late = true
			cond.Broadcast()
		}
	})
	*timer = mine
}
