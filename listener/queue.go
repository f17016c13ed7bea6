package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// queue takes conns from all sockets, and does what takes time beside Accept:
// one goroutine a socket accepts, and one a client shakes hands.
type queue struct {
	gate    *gate
	config  *tls.Config
	timeout time.Duration // of the handshake
	waiting *waiting
	ready   chan net.Conn // conns that have passed everything
	errs    chan error    // failures to accept
	retry   chan struct{} // taken by an Accept that waits after a failure
	//nolint:containedctx // the values of the context of New, for the callbacks of the TLS config
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
}

func newQueue(ctx context.Context, g *gate, c *Config) *queue {
	q := &queue{
		gate:    g,
		config:  c.TLS,
		timeout: c.HandshakeTimeout,
		waiting: newWaiting(c),
		ready:   make(chan net.Conn),
		errs:    make(chan error),
		retry:   make(chan struct{}),
	}
	q.ctx, q.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return q
}

// accept returns the next conn that is ready.
func (q *queue) accept() (net.Conn, error) {
	s := q.gate.streams[0]
	if q.gate.closed() { // first of all: the select below chooses at random
		return nil, s.failed("accept", net.ErrClosed)
	}
	for {
		select {
		case conn := <-q.ready:
			return conn, nil
		case err := <-q.errs:
			return nil, err
		case <-q.retry:
		case <-q.gate.done:
			return nil, s.failed("accept", net.ErrClosed)
		}
	}
}

// stop ends what is in progress, after the gate is done.
func (q *queue) stop() {
	q.cancel()
	q.waiting.endAll()
	q.group.Wait()
}

// serve accepts from a socket until Close.
func (q *queue) serve(s *stream) {
	for {
		v, err := q.gate.next(s)
		switch {
		case err == nil:
			q.receive(v)
		case errors.Is(err, net.ErrClosed) || !q.report(err):
			return
		}
	}
}

// receive hands a conn over, beside the accepting if it takes the client's time.
func (q *queue) receive(v visitor) {
	q.gate.counts.pending.Add(1)
	if q.config == nil && !v.header {
		q.deliver(v.Conn)
		return
	}
	w := &waiter{visitor: v}
	if !q.waiting.enter(w, q.gate.done) {
		q.gate.counts.pending.Add(-1)
		v.Close()
		return
	}
	q.group.Go(func() { q.usher(w) })
}

// deliver gives a conn to whoever calls Accept.
func (q *queue) deliver(conn net.Conn) {
	defer q.gate.counts.pending.Add(-1)
	select {
	case q.ready <- conn:
	case <-q.gate.done:
		inner(conn).Close() // a tls.Conn would say goodbye, and wait for that
	}
}

// report gives a failure to whoever calls Accept next, and waits for another
// call, so that the caller's pace decides about the next try. It returns false
// after Close.
func (q *queue) report(err error) bool {
	select {
	case q.errs <- err:
	case <-q.gate.done:
		return false
	}
	select {
	case q.retry <- struct{}{}:
		return true
	case <-q.gate.done:
		return false
	}
}

// usher delivers a conn when the client has done its part, or closes it.
func (q *queue) usher(w *waiter) {
	defer q.waiting.leave(w)
	conn, why, err := q.complete(w)
	if q.waiting.finish(w) { // even if it was done just then: its socket is closed
		why, err = HandshakeDropped, w.stream.failed("handshake", errDropped)
	}
	if why == 0 {
		q.deliver(conn)
		return
	}
	q.gate.counts.pending.Add(-1)
	event := Event{Kind: why, Local: w.LocalAddr(), Remote: w.RemoteAddr(), Err: err}
	q.gate.happened(event, func() {
		if err == nil { // refused, as others are
			reset(w.link.raw)
		}
		w.Close()
	})
}

var errDropped = errors.New("another client waited and this one took too long")

// complete does what takes the client's time. It returns the conn for Accept, or
// what speaks against it.
func (q *queue) complete(w *waiter) (net.Conn, EventKind, error) {
	if w.header {
		h, err := q.gate.proxy.receive(w.link.raw)
		if err != nil {
			return nil, HeaderFailed, w.stream.failed("read PROXY header", err)
		}
		if why := q.gate.announce(&w.visitor, h); why != 0 {
			return nil, why, nil
		}
		q.waiting.announced(w)
		w.link.guard.begin(w.stream)
	}
	if q.config == nil {
		return w.Conn, 0, nil
	}
	limit, cancel := context.WithTimeout(q.ctx, q.timeout)
	defer cancel()
	conn := tls.Server(w.Conn, q.config)
	if err := conn.HandshakeContext(limit); err != nil {
		return nil, HandshakeFailed, w.stream.failed("handshake", err)
	}
	return conn, 0, nil
}

// inner returns the conn below TLS.
func inner(conn net.Conn) net.Conn {
	if c, ok := conn.(*tls.Conn); ok {
		return c.NetConn()
	}
	return conn
}
