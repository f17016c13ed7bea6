package dtlsx

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

// peer is one association of a listener, from the cookie on.
type peer struct {
	listener *Listener
	link     *link
	key      netip.AddrPort
	addr     *net.UDPAddr
	random   [randomLen]byte // of the hello

	// Of the reader alone.
	hello   *assembly // what has come of a hello in fragments, nil when it is whole
	moved   *net.UDPAddr
	movedTo netip.AddrPort // the last address that its connection ID came from

	cancel context.CancelFunc // of the handshake
	whole  chan struct{}      // closed when the link has the hello
	conn   *Conn

	// The mutex of the listener guards the rest.
	state      state
	why        EventKind // it is to be ended for
	linked     bool      // found by its address
	ids        []string  // found by these connection IDs
	counted    bool      // on source, by MaxConnsPerSource
	old        *peer     // whose count this one has taken over
	source     access.Source
	since      time.Time
	prev, next *peer // in places
	waiting    bool  // in places

	idle *time.Timer
	used atomic.Int64 // on the clock of the listener
}

type state uint8

const (
	starting state = iota // the handshake is in progress
	ready                 // Accept may return it
	accepted              // Accept has returned it
	ended                 // it counts no more
)

var (
	errDropped  = errors.New("another client waited and this one took too long")
	errRestart  = errors.New("the client has begun another handshake")
	errReplaced = errors.New("the peer has begun another association from the same address")
)

// assembly is a ClientHello that comes in fragments. Those that come out of
// order are dropped: the client repeats them all, and they need not be kept.
type assembly struct {
	record uint64 // sequence number of the first
	body   []byte
	have   int
}

// add takes a fragment and reports whether all are there.
func (a *assembly) add(f *fragment) bool {
	end := f.offset + len(f.body)
	if f.total == len(a.body) && f.offset <= a.have && end > a.have {
		copy(a.body[a.have:end], f.body[a.have-f.offset:])
		a.have = end
	}
	return a.have == len(a.body)
}

// feed gives the hello to the link, as the library wants to have it.
func (s *peer) feed(hello []byte, number uint64) {
	o, ok := parseOpening(hello)
	if !ok { // it was before
		return
	}
	s.link.cookie = append([]byte(nil), o.cookie...)
	s.link.advance = number - 1
	s.link.push(withoutCookie(hello, &o, number-1), s.addr)
	s.link.push(withCookie(hello, number), s.addr)
	close(s.whole)
}

// shake shakes hands.
func (s *peer) shake(ctx context.Context) error {
	select {
	case <-s.whole:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	conn, err := newConn(s.listener.config.proto, s.link, s.addr, "")
	if err != nil {
		return err
	}
	s.conn, s.link.conn = conn, conn.dtls
	if err := conn.handshake(ctx); err != nil {
		return s.link.cause(err)
	}
	return nil
}

// unlink makes the conn unknown to the reader.
func (s *peer) unlink() {
	l := s.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unlink(s)
}

// touch notes that the application has had to do with the peer.
func (s *peer) touch() {
	if s.idle != nil {
		s.used.Store(int64(s.listener.clock()))
	}
}

// expire ends the conn if it is idle, or looks again when it can be.
func (s *peer) expire() {
	limit := s.listener.config.IdleTimeout
	if left := limit - (s.listener.clock() - time.Duration(s.used.Load())); left > 0 {
		s.listener.mu.Lock()
		if s.state != ended {
			s.idle.Reset(left)
		}
		s.listener.mu.Unlock()
		return
	}
	s.listener.cut(s, CutIdle)
}

// released says that the application has closed the conn.
func (s *peer) released() { s.listener.end(s) }

// cause returns why the listener has ended the conn, nil if it has not.
func (s *peer) cause() error {
	s.listener.mu.Lock()
	defer s.listener.mu.Unlock()
	switch s.why {
	case CutIdle:
		return s.listener.failedField("IdleTimeout", s.listener.config.IdleTimeout.String(), s.addr, errIdle)
	case Replaced:
		return s.listener.failed("read", s.addr, fmt.Errorf("%w: %w", errReplaced, net.ErrClosed))
	}
	return nil
}

// errIdle is the cause of CutIdle.
var errIdle = idleError{}

type idleError struct{}

func (idleError) Error() string { return "there was no traffic" }

// Timeout says that time ran out.
func (idleError) Timeout() bool { return true }

// Is makes it one of the errors of deadlines.
func (idleError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// connectionID makes an ID by which the reader finds the conn. The library asks
// for one a handshake. Where short ones run out, the one that it gets belongs to
// another conn, and the handshake fails at its timeout.
func (s *peer) connectionID(size int) []byte {
	const tries = 100
	l := s.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	id := make([]byte, size)
	for range tries {
		rand.Read(id) // never fails
		if _, taken := l.byID[string(id)]; taken {
			continue
		}
		if s.linked {
			l.byID[string(id)] = s
			s.ids = append(s.ids, string(id))
		}
		break
	}
	return id
}
