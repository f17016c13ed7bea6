package bench

import (
	"context"
	"fmt"
	"net"
	"syscall"

	"github.com/strata-net/strata/listener"
)

type accept = func() (net.Conn, error)

// acceptCases accept conns that wait in the backlog.
func acceptCases() []Case {
	settings := connSettings
	return []Case{{
		Name:  fmt.Sprintf("accept, options=%d", len(settings)),
		Batch: 50,
		Ways: []Way{
			acceptWay("net.Listener, then unix.SetsockoptInt", func() (net.Listener, accept, error) {
				l, err := listen()
				if err != nil {
					return nil, nil, err
				}
				return l, acceptByHand(l, byHand(settings)), nil
			}),
			acceptWay("listener.New", func() (net.Listener, accept, error) {
				l, err := listener.New(context.Background(), &listener.Config{
					Address: "tcp4://127.0.0.1:0",
					Options: options(settings),
				})
				if err != nil {
					return nil, nil, err
				}
				return l, l.Accept, nil
			}),
		},
	}}
}

func acceptByHand(l net.Listener, apply control) accept {
	return func() (net.Conn, error) {
		conn, err := l.Accept()
		if err != nil {
			return nil, err
		}
		raw, err := conn.(syscall.Conn).SyscallConn()
		if err == nil {
			err = apply("tcp4", "", raw)
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

func acceptWay(name string, open func() (net.Listener, accept, error)) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		l, accept, err := open()
		if err != nil {
			return nil, err
		}
		conns := &conns{}
		if err := conns.dial(l.Addr(), n); err != nil {
			l.Close()
			return nil, err
		}
		done := func() {
			conns.close()
			l.Close()
		}
		return &Run{Close: done, Do: func() error { return conns.accept(accept, n) }}, nil
	}}
}

// conns are both ends of conns over loopback.
type conns struct{ clients, servers []net.Conn }

func (c *conns) dial(address net.Addr, n int) error {
	c.servers = make([]net.Conn, 0, n)
	var d net.Dialer
	for range n {
		conn, err := d.DialContext(context.Background(), "tcp4", address.String())
		if err != nil {
			c.close()
			return err
		}
		c.clients = append(c.clients, conn)
	}
	return nil
}

func (c *conns) accept(accept accept, n int) error {
	for range n {
		conn, err := accept()
		if err != nil {
			return err
		}
		c.servers = append(c.servers, conn)
	}
	return nil
}

func (c *conns) close() {
	for _, conn := range c.clients {
		reset(conn)
	}
	for _, conn := range c.servers {
		conn.Close()
	}
}
