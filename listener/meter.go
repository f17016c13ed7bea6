package listener

import (
	"strconv"
	"sync"
	"time"
)

// meter tells clients that are slow to send from those that wait. Its clock runs
// from accept, stops when we write, and runs again from the first byte that is
// received afterwards. It is read when bytes arrive, so that only gaps between
// bytes count, and not the silence after the last one.
type meter struct {
	mu      sync.Mutex    // Read and Write count at the same time
	start   time.Duration // on the clock of the guard
	bytes   float64
	written uint64 // of the last sample
	running bool
}

// add counts bytes that were received at a time. It returns true if they are too
// few.
func (m *meter) add(b *bounds, n uint64, at time.Duration) bool {
	if !m.running {
		m.running, m.start, m.bytes = true, at, float64(n)
		return false
	}
	m.bytes += float64(n)
	return m.bytes < b.rate*(at-m.start-b.grace).Seconds()
}

// stop waits for the next byte.
func (m *meter) stop() { m.running = false }

// sent notes what Write has written.
func (m *meter) sent() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop()
}

// received notes what Read has returned, and for how long nobody had asked for
// it. It returns true if that is too little.
func (m *meter) received(b *bounds, n int, unasked, now time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.start += max(unasked, 0)
	return m.add(b, uint64(n), now) //nolint:gosec // positive
}

// weigh gives the meter what the kernel has counted. Bytes that the application
// has not read make the clock wait: then it is the slow one, and the client may
// be unable to send.
func (w *guard) weigh(s sample, now time.Duration) (slow bool) {
	m := w.meter
	switch {
	case s.written != m.written || s.unread:
		m.stop()
	case s.received != w.seen.received:
		slow = m.add(w.bounds(), s.received-w.seen.received, now-s.sinceReceived)
	}
	m.written = s.written
	return slow
}

func formatRate(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) }
