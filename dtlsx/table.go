package dtlsx

import (
	"context"
	"errors"
	"time"
)

// usher does a handshake, and then lets Accept have the conn.
func (l *Listener) usher(ctx context.Context, s *peer) {
	defer l.group.Done()
	defer s.cancel()
	err := s.shake(ctx)
	if err == nil {
		if old, ok := l.deliver(s); ok {
			if old != nil {
				old.link.mute() // the peer would not know the keys of its goodbye
				l.cut(old, Replaced)
			}
			return
		}
		err = context.Canceled
	}
	l.fail(s, err)
}

// deliver lets Accept have a conn, and returns the one whose place it takes. It
// returns false if the listener is closed or the session has lost its place.
func (l *Listener) deliver(s *peer) (old *peer, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || s.why != 0 {
		return nil, false
	}
	l.places.finish(s)
	s.link.finished()
	if s.linked { // else the peer has said goodbye already
		delete(l.starting, s.key)
		if old = l.open[s.key]; old != nil && len(old.ids) > 0 {
			old = nil // it may be anywhere, and is found by its ID
		}
		s.old = nil // it is replaced, or has ended
		l.open[s.key] = s
	}
	s.state = ready
	if l.config.IdleTimeout > 0 {
		s.used.Store(int64(l.clock()))
		s.idle = time.AfterFunc(l.config.IdleTimeout, s.expire)
	}
	l.ready = append(l.ready, s)
	l.wakeAccept()
	return old, true
}

// fail ends a peer whose handshake has failed.
func (l *Listener) fail(s *peer, err error) {
	if s.conn != nil {
		s.conn.dtls.Close()
	} else {
		s.link.Close()
	}
	l.mu.Lock()
	why := s.why
	if why != 0 {
		l.places.leaving--
	} else {
		l.places.finish(s)
		l.places.taken--
	}
	l.forget(s)
	l.mu.Unlock()
	l.settle() //nolint:errcheck // nobody could do anything about it
	switch why {
	case 0:
		why = HandshakeFailed
	case HandshakeDropped:
		err = errDropped
	case HandshakeFailed:
		err = errRestart
	}
	l.happened(Event{Kind: why, Remote: s.addr, Err: l.explain(s, err)}, nil)
}

// explain says what the context of a handshake does not.
func (l *Listener) explain(s *peer, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = l.failed("handshake", s.addr, err)
	}
	if errors.Is(err, context.DeadlineExceeded) && e.Field == "" {
		e.Field, e.Value = "HandshakeTimeout", l.config.proto.HandshakeTimeout.String()
	}
	return e
}

// unlink makes a peer unknown to the reader. The mutex is held.
func (l *Listener) unlink(s *peer) {
	if !s.linked {
		return
	}
	s.linked = false
	if l.starting[s.key] == s {
		delete(l.starting, s.key)
	}
	if l.open[s.key] == s {
		delete(l.open, s.key)
	}
	for _, id := range s.ids {
		delete(l.byID, id)
	}
	s.ids = nil
}
