package tunx

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// socket is what a session of a PacketListenerProxy sends and receives with.
type socket interface {
	// writeTo sends a datagram.
	writeTo(p []byte, destination netip.AddrPort) (int, error)
	// receive waits for a datagram, or for the word that nobody listens at a port, and hands
	// it to the receiver. An error ends the session.
	receive() error
}

// newSocket makes a socket of a conn. Only of a *net.UDPConn it is known what is behind
// its methods: who embeds one may do more in ReadFrom.
func newSocket(c net.PacketConn, to *receiver) (socket, error) {
	if u, ok := c.(*net.UDPConn); ok {
		return newUDPSocket(u, to)
	}
	return &packetSocket{conn: c, to: to}, nil
}

// listenerSession is a session of a PacketListenerProxy.
type listenerSession struct {
	conn      io.Closer
	socket    socket
	receiver  receiver
	idle      time.Duration
	timer     *time.Timer
	lastWrite atomic.Int64 // since epoch
	closed    atomic.Bool
}

func (s *listenerSession) start() {
	s.lastWrite.Store(sinceEpoch())
	s.timer = time.AfterFunc(math.MaxInt64, s.expire) // never: first the field is set
	s.timer.Reset(s.idle)
	go s.relay()
}

// expire is what the timer calls: it is set again only when it has run off, since each
// WriteTo moves the time.
func (s *listenerSession) expire() {
	left := idleLeft(s.idle, s.lastWrite.Load())
	if left <= 0 {
		s.Close()
		return
	}
	s.timer.Reset(left)
	if s.closed.Load() { // meanwhile
		s.timer.Stop()
	}
}

func (s *listenerSession) WriteTo(p []byte, destination netip.AddrPort) (int, error) {
	if s.closed.Load() {
		return 0, ErrClosed
	}
	s.lastWrite.Store(sinceEpoch())
	destination = unmap(destination)
	if s.receiver.takeRefused(destination) {
		return 0, writeError(destination, ErrPortUnreachable)
	}
	n, err := s.socket.writeTo(p, destination)
	if err != nil {
		return n, writeError(destination, err)
	}
	return n, nil
}

// trySocket is a socket that can send without waiting.
type trySocket interface {
	socket
	tryWriteTo(p []byte, destination netip.AddrPort) bool
}

// TryWriteTo leaves it to WriteTo to tell what is wrong.
func (s *listenerSession) TryWriteTo(p []byte, destination netip.AddrPort) bool {
	t, ok := s.socket.(trySocket)
	if !ok || s.receiver.told == nil || s.closed.Load() {
		return false
	}
	s.lastWrite.Store(sinceEpoch())
	return t.tryWriteTo(p, unmap(destination))
}

// writeError says what a WriteTo could not do.
func writeError(destination netip.AddrPort, err error) error {
	switch {
	case errors.Is(err, net.ErrClosed):
		return ErrClosed
	case isTooLong(err):
		err = fmt.Errorf("%w: %w", ErrMsgSize, err)
	case isRefused(err) && !errors.Is(err, ErrPortUnreachable):
		err = fmt.Errorf("%w: %w", ErrPortUnreachable, err)
	}
	return &Error{Op: "write", Field: "destination", Value: destination.String(), Err: err}
}

func (s *listenerSession) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.timer.Stop()
	return s.conn.Close()
}

// relay hands the answers to the receiver until one of the two is closed. Its stack is
// most of what an idle session costs.
func (s *listenerSession) relay() {
	var err error
	for err == nil && !s.closed.Load() {
		err = s.socket.receive()
	}
	s.Close()
	s.receiver.to.Close()
}
