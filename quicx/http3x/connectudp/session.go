package connectudp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx/http3x"
)

// session is one client's flow, and the socket to its target.
type session struct {
	flow
	upstream net.Conn
	idle     time.Duration
	begin    time.Time
	last     atomic.Int64 // nanoseconds since begin
	timer    *time.Timer

	once  sync.Once
	cause error // what ended it, nil: the client
}

var errIdle = errors.New("nothing was sent for the idle timeout")

// run passes payloads on until one of the sides ends, nothing happens for the
// idle time, or the handler is closed.
func (h *Handler) run(r *http.Request, stream *http3x.ExtendedConn, upstream net.Conn) error {
	h.total.Add(1)
	ctx, cancel := context.WithTimeout(h.ctx, h.cfg.DialTimeout)
	defer cancel()
	datagrams, err := datagramsOf(ctx, r, stream)
	if err != nil {
		return err
	}
	s := &session{flow: flow{conn: stream, datagrams: datagrams}, upstream: upstream, idle: h.cfg.IdleTimeout, begin: time.Now()}
	s.timer = time.AfterFunc(1<<62, s.look)
	s.timer.Reset(s.idle)
	stop := context.AfterFunc(h.ctx, func() { s.end(net.ErrClosed) })
	var back sync.WaitGroup
	back.Go(s.toClient)
	// The socket wakes toClient, and the stream what is here.
	s.end(s.receive(h.ctx, s.toTarget))
	back.Wait()
	stop()
	s.timer.Stop()
	h.sent.Add(s.received.Load())
	h.received.Add(s.sent.Load())
	h.dropped.Add(s.dropped.Load())
	return s.cause
}

// end ends both sides; the first cause is the one.
func (s *session) end(cause error) {
	s.once.Do(func() {
		if !errors.Is(cause, io.EOF) {
			s.cause = cause
		}
		s.conn.Close()
		s.upstream.Close()
	})
}

func (s *session) moved() { s.last.Store(int64(time.Since(s.begin))) }

// look ends the session, or looks again when it could be idle.
func (s *session) look() {
	quiet := time.Since(s.begin) - time.Duration(s.last.Load())
	if quiet >= s.idle {
		s.end(errIdle)
		return
	}
	s.timer.Reset(s.idle - quiet)
}

// toTarget sends a payload from the client. One that is too large for the path
// to the target is dropped (RFC 9298, section 5).
func (s *session) toTarget(p []byte) error {
	_, err := s.upstream.Write(p)
	switch {
	case tooLong(err):
		s.dropped.Add(1)
		return nil
	case err != nil:
		s.end(fmt.Errorf("to the target: %w", err))
		return err
	}
	s.received.Add(1)
	s.moved()
	return nil
}

// toClient sends what the target does.
func (s *session) toClient() {
	b := make([]byte, 1+bufferSize) // the context is 0
	for {
		n, err := s.upstream.Read(b[1:])
		switch {
		case n == bufferSize || tooLong(err): // it may have been cut
			s.dropped.Add(1)
			continue
		case err != nil:
			s.end(fmt.Errorf("from the target: %w", err))
			return
		}
		s.moved()
		err = s.send(b[:1+n])
		if _, large := errors.AsType[*quic.DatagramTooLargeError](err); err != nil && !large {
			s.end(err)
			return
		}
	}
}
