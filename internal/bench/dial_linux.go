package bench

import (
	"context"
	"fmt"
	"net"

	"github.com/strata-net/strata/dialer"
)

type dial = func(network, address string) (net.Conn, error)

func listen() (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
}

// dialCases open a conn over loopback, accept it, and close both ends.
func dialCases() []Case {
	var cases []Case
	for _, n := range []int{0, 5, 10} {
		settings := bindSettings[:n]
		plain := &net.Dialer{Control: byHand(settings)}
		if n == 0 {
			plain.Control = nil
		}
		cases = append(cases, Case{
			Name:  fmt.Sprintf("dial, accept, close, options=%d", n),
			Batch: 20,
			Ways: []Way{
				dialWay("net.Dialer with a closure, if any", func() (dial, error) { return plain.Dial, nil }),
				dialWay("net.Dialer with Options.Control", func() (dial, error) {
					return (&net.Dialer{Control: options(settings).Control}).Dial, nil
				}),
				dialWay("dialer.New", func() (dial, error) {
					d, err := dialer.New(&dialer.Config{Options: options(settings)})
					if err != nil {
						return nil, err
					}
					return d.Dial, nil
				}),
			},
		})
	}
	return cases
}

// dialWay makes its dialer once a batch, as a program makes it once.
func dialWay(name string, newDialer func() (dial, error)) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		dial, err := newDialer()
		if err != nil {
			return nil, err
		}
		l, err := listen()
		if err != nil {
			return nil, err
		}
		address := l.Addr().String()
		return &Run{Close: func() { l.Close() }, Do: func() error {
			for range n {
				if err := dialOnce(dial, l, address); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}}
}

func dialOnce(dial dial, l net.Listener, address string) error {
	conn, err := dial("tcp", address)
	if err != nil {
		return err
	}
	defer reset(conn)
	peer, err := l.Accept()
	if err != nil {
		return err
	}
	return peer.Close()
}

// reset closes a conn without leaving it in TIME_WAIT, where thousands would use up the local ports.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // fails on a closed conn only
	conn.Close()
}
