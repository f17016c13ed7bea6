package listener

import (
	"strconv"
	"time"
)

// meter tells clients that are slow to send from those that wait. Its clock runs
// from accept, stops when we write, and runs again from the first byte that is
// received afterwards. It is read when bytes arrive, so that only gaps between
// bytes count, and not the silence after the last one.
type meter struct {
	rate    float64 // bytes a second
	grace   time.Duration
	running bool
	start   time.Duration // on the clock of the guard
	bytes   float64
}

// add counts bytes that were received at a time. It returns true if they are too
// few.
func (m *meter) add(n uint64, at time.Duration) bool {
	if !m.running {
		m.running, m.start, m.bytes = true, at, float64(n)
		return false
	}
	m.bytes += float64(n)
	return m.bytes < m.rate*(at-m.start-m.grace).Seconds()
}

// stop waits for the next byte.
func (m *meter) stop() { m.running = false }

// weigh gives the meter what the kernel has counted. Bytes that the application
// has not read make the clock wait: then it is the slow one, and the client may
// be unable to send.
func (w *guard) weigh(s sample, now time.Duration) (slow bool) {
	switch {
	case s.written != w.seen.written || s.unread:
		w.meter.stop()
	case s.received != w.seen.received:
		return w.meter.add(s.received-w.seen.received, now-s.sinceReceived)
	}
	return false
}

func formatRate(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) }
