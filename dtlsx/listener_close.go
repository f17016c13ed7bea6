package dtlsx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
)

// Close wakes Accept, ends the handshakes in progress, without a word to their clients,
// of which one may be done with its side, and the conns that Accept
// has not returned, and waits for the listener's goroutines. Conns that Accept
// has returned stay open; the socket, which they share, is closed with the last
// of them, and its port is in use until then. A second Close returns an error
// that is [net.ErrClosed].
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return l.failed("close", nil, net.ErrClosed)
	}
	l.closed = true
	unread := l.ready
	l.ready = nil
	l.places.taken -= len(unread)
	l.wakeAccept()
	l.mu.Unlock()
	l.cancel()
	for _, s := range unread {
		s.conn.dtls.Close()
		l.end(s)
	}
	l.group.Wait()
	err := l.settle()
	select {
	case <-l.empty:
		l.reader.Wait()
	default:
	}
	return err
}

// settle closes the socket when nothing uses it any longer.
func (l *Listener) settle() error {
	l.mu.Lock()
	last := l.closed && l.active == 0
	l.mu.Unlock()
	if !last {
		return nil
	}
	var err error
	l.last.Do(func() {
		err = l.socket.conn.Close()
		close(l.empty)
	})
	return err
}

// Shutdown closes the listener and waits until the conns that Accept has
// returned are closed. When ctx is done first, it closes them, each with a
// close_notify, and returns an error that says how many and unwraps to that of
// ctx. Then the socket is closed and all goroutines are gone. It may follow a
// Close.
func (l *Listener) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return l.failed("shutdown", nil, errNilContext)
	}
	err := l.Close()
	if errors.Is(err, net.ErrClosed) { // by the caller, before
		err = nil
	}
	select {
	case <-l.empty:
	case <-ctx.Done():
		if n := l.closeAll(); n > 0 {
			err = errors.Join(err, l.failed("shutdown", nil, fmt.Errorf("closed %d open conns: %w", n, context.Cause(ctx))))
		}
		<-l.empty
	}
	l.reader.Wait()
	return err
}

// closeAll closes the conns that Accept has returned.
func (l *Listener) closeAll() int {
	l.mu.Lock()
	all := make([]*peer, 0, len(l.conns))
	for s := range l.conns {
		all = append(all, s)
	}
	l.mu.Unlock()
	for _, s := range all {
		s.conn.Close()
	}
	return len(all)
}

// end lets a peer count no more, unless that has been done before.
// The conn is closed, and so has said what it had to say through the socket.
func (l *Listener) end(s *peer) {
	l.mu.Lock()
	if s.state != ended {
		l.forget(s)
	}
	l.mu.Unlock()
	l.settle() //nolint:errcheck // nobody could do anything about it
}

// forget takes a peer out of everything. The mutex is held.
func (l *Listener) forget(s *peer) {
	s.state = ended
	l.unlink(s)
	delete(l.conns, s)
	l.uncount(s)
	if s.idle != nil {
		s.idle.Stop()
	}
	l.active--
}

// cut ends a conn whose handshake is done.
func (l *Listener) cut(s *peer, why EventKind) {
	l.mu.Lock()
	if s.state == ended || s.why != 0 {
		l.mu.Unlock()
		return
	}
	if i := slices.Index(l.ready, s); i >= 0 {
		l.ready = slices.Delete(l.ready, i, i+1)
		l.places.taken--
	}
	s.why = why
	l.mu.Unlock()
	l.happened(Event{Kind: why, Remote: s.addr, Err: s.cause()}, func() {
		s.conn.dtls.Close()
		l.end(s)
	})
}
