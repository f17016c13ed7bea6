package listener

import (
	"net"
	"time"
)

// chunk bounds what is written at once where Write counts: a long write must
// show that it moves.
const chunk = 64 << 10

// counts reports whether Read and Write have to count.
func (w *guard) counts() bool {
	return w != nil && !w.kernel && (w.meter != nil || w.bounds().idle > 0)
}

// read is Read on a conn with a guard.
func (w *guard) read(c net.Conn, b []byte) (int, error) {
	if !w.counts() {
		n, err := c.Read(b)
		return n, w.explain(err)
	}
	asked := w.now()
	n, err := c.Read(b)
	w.received(n, asked)
	return n, w.explain(err)
}

// received counts what a Read returned that was called at a time. The time in
// which nobody read is not the client's.
func (w *guard) received(n int, asked time.Duration) {
	if n <= 0 {
		return
	}
	now := w.now()
	before := time.Duration(w.last.Swap(int64(now)))
	if w.meter != nil && w.meter.received(w.bounds(), n, asked-before, now) {
		w.cut(CutSlow)
	}
}

// write is Write on a conn with a guard.
func (w *guard) write(c net.Conn, b []byte) (int, error) {
	if !w.counts() {
		n, err := c.Write(b)
		return n, w.explain(err)
	}
	whole := c.LocalAddr().Network() == "unixpacket" // a packet is written at once
	for sent := 0; ; {
		part := b[sent:]
		if len(part) > chunk && !whole {
			part = part[:chunk]
		}
		n, err := c.Write(part)
		w.sent(n)
		if sent += n; err != nil || sent >= len(b) {
			return sent, w.explain(err)
		}
	}
}

// sent counts what a Write has written.
func (w *guard) sent(n int) {
	if n <= 0 {
		return
	}
	w.last.Store(int64(w.now()))
	if w.meter != nil {
		w.meter.sent()
	}
}
