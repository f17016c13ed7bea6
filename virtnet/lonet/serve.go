package lonet

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// maxPause bounds the pause after an accept that failed for a while, for want of
// descriptors for instance.
const maxPause = time.Second

// serve accepts TCP conns until the engine is closed.
func (e *engine) serve() {
	defer e.work.Done()
	for pause := time.Duration(0); ; {
		c, err := e.listener.AcceptTCP()
		if err == nil {
			pause = 0
			e.pending.add(e.ctx, c)
			e.work.Go(func() { e.welcome(c) })
			continue
		}
		if e.ctx.Err() != nil {
			return
		}
		if !temporary(err) {
			e.notify.VNetDown(err)
			return
		}
		pause = min(max(2*pause, time.Millisecond), maxPause)
		select {
		case <-time.After(pause):
		case <-e.ctx.Done():
			return
		}
	}
}

// temporary reports whether accept may succeed later.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// buffers are those of lines: they are needed for microseconds.
var buffers = sync.Pool{New: func() any { return new([maxLine]byte) }}

// welcome shakes hands with who has connected. The conn is the network's
// afterwards, or closed.
func (e *engine) welcome(c *net.TCPConn) {
	req, n, err := readRequest(c)
	if !e.pending.remove(c) || err != nil {
		c.Close() // a stranger gets no answer
		return
	}
	if !e.admit(req, n) {
		c.Close()
	}
}

// readRequest reads the first line.
func readRequest(c *net.TCPConn) (request, *conn, error) {
	buf := buffers.Get().(*[maxLine]byte)
	defer buffers.Put(buf)
	line, rest, err := readLine(c, buf)
	if err != nil {
		return request{}, nil, err
	}
	req, err := parseRequest(string(line))
	if err != nil {
		return request{}, nil, err
	}
	return req, newConn(c, rest), nil
}

// admit answers a request and reports whether the network has taken the conn.
func (e *engine) admit(req request, c *conn) bool {
	accept, err := e.accept(req, c)
	if err != nil {
		// The name is the asker's: who does not know the network's is not told.
		_, _ = c.Write(refusal(req.network, err).line())
		return false
	}
	_, err = c.Write(reply{network: e.network, text: accept.Addr.String()}.line())
	accept.Ack <- err
	return true
}

// accept waits until somebody accepts what is asked for.
func (e *engine) accept(req request, c *conn) (*virtnet.Accept, error) {
	if req.network != e.network {
		return nil, errNetwork
	}
	src, dst, err := req.addrs()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	w := e.waiting.add(c, cancel)
	accept, err := e.notify.VNetAccept(ctx, src, dst, c)
	if there := e.waiting.remove(w); !there && err == nil {
		accept.Ack <- net.ErrClosed
		err = net.ErrClosed
	}
	if errors.Is(err, context.Canceled) {
		err = virtnet.ErrConnRefused // this part of the network goes down
	}
	return accept, err
}
