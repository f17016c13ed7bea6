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
	conns []net.Conn
}

// dialAll is the main function of a client: it dials n conns and keeps them until its input ends.
func dialAll(in io.Reader, out io.Writer, n int, address string, source byte) error {
	c := &clients{}
	defer c.close()
	failed := make(chan error, dialers)
	for i := range dialers {
		go func() { failed <- c.dial(address, source, (n+i)/dialers) }()
	}
	var err error
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

func (c *clients) dial(address string, source byte, n int) error {
	// The port is chosen at connect, when the target is known: so each source address has all ports to each server.
	late := sockopt.Options{sockopt.IPBindAddressNoPort.Value(true)}
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, source)}, Control: late.Control}
	for range n {
		conn, err := d.DialContext(context.Background(), "tcp4", address)
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.conns = append(c.conns, conn)
		c.mu.Unlock()
	}
	return nil
}

func (c *clients) close() {
	for _, conn := range c.conns {
		_ = conn.(*net.TCPConn).SetLinger(0) // a reset: nothing waits in TIME_WAIT
		conn.Close()
	}
}
