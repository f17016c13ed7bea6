package virtnet

import (
	"context"
	"net"
	"sync"
)

// A listener has no queue: whoever dials waits for somebody in Accept.
type listener struct {
	socket
	requests chan *request
	done     chan struct{} // closed when the listener is down
	closing  sync.Once
}

// A request asks for an accepted conn.
type request struct {
	accepted *conn      // what Accept returns
	ack      chan error // one value: the engine's word
}

func newListener(h *Host, port int) *listener {
	return &listener{
		socket:   socket{host: h, local: Addr{Net: h.Network(), Host: h.name, Port: port}},
		requests: make(chan *request),
		done:     make(chan struct{}),
	}
}

// Addr returns the address of the listener, an [*Addr].
func (l *listener) Addr() net.Addr { return &l.local }

// Accept waits for a conn. The error is a [*net.OpError].
func (l *listener) Accept() (net.Conn, error) {
	for {
		if err := l.cause(); err != nil {
			return nil, l.host.opError("accept", &l.local, err)
		}
		select {
		case r := <-l.requests:
			if l.await(r) {
				return r.accepted, nil
			}
		case <-l.done:
		}
	}
}

// await waits for the engine's word on a request. It reports whether something came
// of it.
func (l *listener) await(r *request) bool {
	select {
	case err := <-r.ack:
		if err == nil {
			return true
		}
	case <-l.done:
	}
	r.accepted.Close()
	return false
}

// offer hands a request to Accept. Once that has it, this side makes the conn, while
// Accept waits for nothing but the engine's word: it is woken once.
func (l *listener) offer(ctx context.Context, src *Addr, netconn net.Conn) (*Accept, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c := newConn(l.host)
	c.conn, c.remote = netconn, *src // Accept may have to close it
	r := &request{accepted: c, ack: make(chan error, 1)}
	select {
	case l.requests <- r:
	case <-l.done:
		return nil, ErrConnRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.host.bind(&c.socket)
	if !l.host.own(&c.socket, c) {
		l.host.free(&c.socket)
		c.closing.Do(func() {}) // the engine keeps its conn
		r.ack <- ErrConnRefused
		return nil, ErrConnRefused
	}
	local := c.local
	return &Accept{Addr: &local, Ack: r.ack}, nil
}

// Close ends the listener: dials that wait are refused, accepted conns go on. The
// port is free again. A second Close does nothing.
func (l *listener) Close() error {
	l.markClosed()
	l.shut()
	l.host.free(&l.socket)
	return nil
}

func (l *listener) shut() {
	l.closing.Do(func() { close(l.done) })
}
