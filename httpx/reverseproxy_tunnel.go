package httpx

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// tunnel is the conn to an upstream after an upgrade. It closes itself when
// nothing goes through it in either direction.
type tunnel struct {
	io.ReadWriteCloser
	idle  time.Duration
	last  atomic.Int64 // nanoseconds since begin
	begin time.Time
	timer *time.Timer
}

// newTunnel watches c. An idle time that is negative is none.
func newTunnel(c io.ReadWriteCloser, idle time.Duration) io.ReadWriteCloser {
	t := &tunnel{ReadWriteCloser: c, idle: idle, begin: time.Now()}
	if idle > 0 {
		t.timer = time.AfterFunc(1<<62, t.look)
		t.timer.Reset(idle)
	}
	return t
}

// look closes the tunnel, or looks again when it could be idle.
func (t *tunnel) look() {
	quiet := time.Since(t.begin) - time.Duration(t.last.Load())
	if quiet >= t.idle {
		t.ReadWriteCloser.Close()
		return
	}
	t.timer.Reset(t.idle - quiet)
}

func (t *tunnel) moved(n int) {
	if n > 0 && t.timer != nil {
		t.last.Store(int64(time.Since(t.begin)))
	}
}

// Read reads from the upstream.
func (t *tunnel) Read(p []byte) (int, error) {
	n, err := t.ReadWriteCloser.Read(p)
	t.moved(n)
	return n, err
}

// Write writes to it.
func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.ReadWriteCloser.Write(p)
	t.moved(n)
	return n, err
}

// CloseWrite ends one direction.
func (t *tunnel) CloseWrite() error { return closeWrite(t.ReadWriteCloser) }

// Close closes the conn. A look that comes later closes it again.
func (t *tunnel) Close() error {
	if t.timer != nil {
		t.timer.Stop()
	}
	return t.ReadWriteCloser.Close()
}

// closeWrite ends one direction of c, where it can.
func closeWrite(c any) error {
	if w, ok := c.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return fmt.Errorf("httpx: half close of %T: %w", c, errors.ErrUnsupported)
}
