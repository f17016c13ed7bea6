package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// A front is a proxy on one port: SOCKS5 for who begins with its version, else
// HTTP.
type front struct {
	listener net.Listener
	dial     dialFunc
	web      *http.Server
	conns    *handed
	idle     func()

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
}

// newFront begins to serve on a listener, which it closes.
func newFront(l net.Listener, dial dialFunc) *front {
	f := &front{listener: l, dial: dial, conns: &handed{addr: l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	handler, idle := newConnect(f.ctx, dial)
	f.idle = idle
	f.web = &http.Server{Handler: handler, ReadHeaderTimeout: handshakeTime}
	f.group.Go(func() { _ = f.web.Serve(f.conns) }) // until Close
	f.group.Go(func() { acceptAll(f.ctx, l, func(c net.Conn) { f.group.Go(func() { f.serve(c) }) }) })
	return f
}

// Addr returns where it listens.
func (f *front) Addr() net.Addr { return f.listener.Addr() }

// Close ends all conns and waits until nothing runs.
func (f *front) Close() error {
	err := f.listener.Close()
	f.cancel() // closes the conns, which ends what serves them
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err = errors.Join(err, f.web.Shutdown(ctx))
	f.idle()
	f.group.Wait()
	return err
}

// serve looks at the first byte. The conn ends with the front.
func (f *front) serve(c net.Conn) {
	stop := context.AfterFunc(f.ctx, func() { c.Close() })
	defer stop()
	c.SetReadDeadline(time.Now().Add(handshakeTime))
	b := &begun{Conn: c, from: bufio.NewReader(c)}
	first, err := b.from.Peek(1)
	if err != nil {
		c.Close()
		return
	}
	if first[0] == 5 {
		serveSOCKS(f.ctx, b, f.dial)
		return
	}
	ended := make(chan struct{})
	f.conns.hand(&told{begun: b, ended: sync.OnceFunc(func() { close(ended) })})
	<-ended
}

// handed is the listener of conns that another one has accepted.
type handed struct {
	addr  net.Addr
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (h *handed) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		c.Close()
	}
}

func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handed) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handed) Addr() net.Addr { return h.addr }

// told is a conn that says when it was closed.
type told struct {
	*begun
	ended func()
}

func (t *told) Close() error {
	defer t.ended()
	return t.begun.Close()
}
