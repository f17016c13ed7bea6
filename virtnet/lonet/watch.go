package lonet

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// watchAfter is how long a dial waits for Accept before somebody looks whether
// the caller is still there. Most do not wait that long, and cost nothing.
const watchAfter = 20 * time.Millisecond

// waiting are the dials that wait for Accept and are not watched yet.
type waiting struct {
	mu    sync.Mutex
	dials map[*watch]struct{}
	timer *time.Timer // looks after them all; nil if there was none the last time
}

// add notes a dial from whose conn nobody reads.
func (w *waiting) add(c *conn, cancel context.CancelFunc) *watch {
	dial := &watch{conn: c, cancel: cancel, since: time.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dials == nil {
		w.dials = make(map[*watch]struct{})
	}
	w.dials[dial] = struct{}{}
	if w.timer == nil {
		w.timer = time.AfterFunc(watchAfter, w.look)
	}
	return dial
}

// look starts to watch those that have waited for long.
func (w *waiting) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for dial := range w.dials {
		if time.Since(dial.since) >= watchAfter {
			dial.done = make(chan struct{})
			go dial.run()
			delete(w.dials, dial)
		}
	}
	if len(w.dials) > 0 {
		w.timer.Reset(watchAfter)
	} else {
		w.timer = nil
	}
}

// remove ends the watch and reports whether the caller is there.
func (w *waiting) remove(dial *watch) bool {
	w.mu.Lock()
	delete(w.dials, dial)
	w.mu.Unlock()
	return dial.stop()
}

// close stops the timer.
func (w *waiting) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// watch cancels a dial that waits when its caller goes away: nobody may have to
// accept conns that are dead, and they may not pile up.
type watch struct {
	conn   *conn
	cancel context.CancelFunc
	since  time.Time
	done   chan struct{} // nil while it is not watched
	gone   atomic.Bool
}

// run reads until the caller goes away or stop wants the conn. The caller has
// nothing to say now: what it says all the same is kept, as far as it is little.
func (w *watch) run() {
	defer close(w.done)
	for early := 0; early < maxLine; {
		var buf [maxLine]byte
		n, err := w.conn.Conn.Read(buf[:])
		w.conn.unread(buf[:n])
		early += n
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return // stop
		}
		if err != nil {
			break
		}
	}
	w.gone.Store(true)
	w.cancel()
}

// stop ends the watch and reports whether the caller is there: a dial that has
// given up has also closed its conn, and what is closed on one machine is known
// at once.
func (w *watch) stop() bool {
	if w.done != nil {
		_ = w.conn.SetReadDeadline(time.Unix(1, 0)) // if it cannot, the conn is closed, and run ends too
		<-w.done
		if w.gone.Load() || w.conn.SetReadDeadline(time.Time{}) != nil {
			return false
		}
	}
	gone := true
	raw, err := w.conn.Conn.(*net.TCPConn).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { gone = hungUp(fd) })
	}
	return err == nil && !gone
}
