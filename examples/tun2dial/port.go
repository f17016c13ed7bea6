package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// A port is a listener whose conns go to one target.
type port struct {
	listener net.Listener
	target   string
	dial     dialFunc

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
}

func newPort(l net.Listener, target string, dial dialFunc) *port {
	p := &port{listener: l, target: target, dial: dial}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.group.Go(func() { acceptAll(p.ctx, l, func(c net.Conn) { p.group.Go(func() { p.serve(c) }) }) })
	return p
}

// Close ends all conns and waits.
func (p *port) Close() error {
	err := p.listener.Close()
	p.cancel()
	p.group.Wait()
	return err
}

func (p *port) serve(c net.Conn) {
	stop := context.AfterFunc(p.ctx, func() { c.Close() })
	defer stop()
	defer c.Close()
	ctx, cancel := context.WithTimeout(p.ctx, dialTime)
	up, err := p.dial(ctx, "tcp", p.target)
	cancel()
	if err != nil {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the client sees a reset
		}
		return
	}
	splice(c, up)
}

// acceptAll hands conns to f until the listener is closed.
func acceptAll(ctx context.Context, l net.Listener, f func(net.Conn)) {
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			f(c)
		case errors.Is(err, net.ErrClosed):
			return
		default: // a lack of descriptors, which passes
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}
