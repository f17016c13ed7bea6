package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/strata-net/strata/sockopt"
)

const (
	dialers = 8
	// perServer is how many conns a server has at most: a client has one source address, with 28,000 ports.
	perServer = 25_000
)

// clients are the other ends of the conns.
type clients struct {
	mu    sync.Mutex
	conns []io.Closer
}

// dialAll is the main function of a client: it dials n conns and keeps them until its input ends.
func dialAll(in io.Reader, out io.Writer, m mode, n int, address string, source byte) error {
	c := &clients{}
	defer c.close()
	dial, end, err := m.dialer(net.IPv4(127, 0, 0, source))
	if err != nil {
		return err
	}
	defer end()
	failed := make(chan error, dialers)
	for i := range dialers {
		go func() { failed <- c.dial(dial, address, (n+i)/dialers) }()
	}
	for range dialers {
		err = errors.Join(err, <-failed)
	}
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(n); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func (c *clients) dial(dial dialFunc, address string, n int) error {
	for range n {
		conn, err := dial(context.Background(), address)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return nil
}

type dialFunc = func(ctx context.Context, address string) (io.Closer, error)

func (m mode) dialer(source net.IP) (dialFunc, func(), error) {
	if m.udp != nil {
		return m.udp(source)
	}
	// The port is chosen at connect, when the target is known: so each source address has all ports to each server.
	late := sockopt.Options{sockopt.IPBindAddressNoPort.Value(true)}
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: source}, Control: late.Control}
	return func(ctx context.Context, address string) (io.Closer, error) {
		if m.greet != nil {
			return m.greet(ctx, d, address)
		}
		return d.DialContext(ctx, "tcp4", address)
	}, func() {}, nil
}

func (c *clients) close() {
	for _, conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset: nothing waits in TIME_WAIT
		}
		conn.Close()
	}
}
