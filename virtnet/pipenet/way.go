package pipenet

import (
	"io"
	"os"
	"sync"
	"time"
)

// A way is one direction of a pipe. It holds no bytes of its own: a reader copies
// from the writer that waits.
type way struct {
	mu      sync.Mutex
	changed sync.Cond
	data    []byte // what the writer that is being served has left
	busy    bool   // there is such a writer
	reader  side
	writer  side
}

// A side is one of the two that a way connects.
type side struct {
	closed  bool
	expired bool
	timer   *time.Timer // of the deadline, nil if there is none to come
}

// err says why a side cannot go on.
func (s *side) err() error {
	switch {
	case s.closed:
		return io.ErrClosedPipe
	case s.expired:
		return os.ErrDeadlineExceeded
	default:
		return nil
	}
}

func (w *way) read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		switch {
		case w.reader.err() != nil:
			return 0, w.reader.err()
		case len(p) == 0:
			return 0, nil
		case w.writer.closed:
			return 0, io.EOF
		case len(w.data) > 0:
			n := copy(p, w.data)
			if w.data = w.data[n:]; len(w.data) == 0 {
				w.changed.Broadcast()
			}
			return n, nil
		}
		w.changed.Wait()
	}
}

func (w *way) write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.busy && w.writable() == nil {
		w.changed.Wait()
	}
	if err := w.writable(); err != nil || len(p) == 0 {
		return 0, err
	}
	w.busy, w.data = true, p
	w.changed.Broadcast()
	var err error
	for len(w.data) > 0 && err == nil {
		w.changed.Wait()
		err = w.writable()
	}
	left := len(w.data)
	w.busy, w.data = false, nil
	w.changed.Broadcast()
	if left == 0 {
		err = nil // what has been read was written in time
	}
	return len(p) - left, err
}

// writable says why nothing can be written.
func (w *way) writable() error {
	if w.reader.closed {
		return io.ErrClosedPipe
	}
	return w.writer.err()
}

// close ends the way from one side.
func (w *way) close(s *side) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.stop()
	s.closed = true
	w.changed.Broadcast()
}

// setDeadline replaces the deadline of a side.
func (w *way) setDeadline(s *side, t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.closed {
		return io.ErrClosedPipe
	}
	s.stop()
	s.expired = false
	if t.IsZero() {
		return nil
	}
	if wait := time.Until(t); wait > 0 {
		var timer *time.Timer
		timer = time.AfterFunc(wait, func() { w.expire(s, &timer) })
		s.timer = timer
		return nil
	}
	s.expired = true
	w.changed.Broadcast()
	return nil
}

// expire ends the time of a side, if the timer is still that of its deadline.
func (w *way) expire(s *side, timer **time.Timer) {
	w.mu.Lock() // timer is written under it
	defer w.mu.Unlock()
	if s.timer == *timer {
		s.timer, s.expired = nil, true
		w.changed.Broadcast()
	}
}

// stop forgets the deadline.
func (s *side) stop() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}
