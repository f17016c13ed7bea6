package bench

import (
	"context"
	"fmt"
	"net"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
)

type dial = func(network, address string) (net.Conn, error)

// pair is who dials and who listens.
type pair struct {
	dial   func([]setting) (dial, error)
	listen func([]setting) (net.Listener, error)
}

// dialCases open a conn over loopback, accept it, and close both ends. The options are those of both ends.
func dialCases() []Case {
	var cases []Case
	for _, n := range []int{0, 5, 10} {
		settings := bindSettings[:n]
		cases = append(cases, Case{
			Name:  fmt.Sprintf("dial, accept, close, options=%d", n),
			Batch: 20,
			Ways: []Way{
				dialWay("net.Dialer and net.ListenConfig with a closure, if any", settings, pair{dialByHand, listenByHand}),
				dialWay("both with Options.Control", settings, pair{dialWithControl, listenWithControl}),
				dialWay("dialer.New and net.ListenConfig", settings, pair{dialNew, listenByHand}),
				dialWay("net.Dialer and listener.New", settings, pair{dialByHand, listenNew}),
				dialWay("dialer.New and listener.New", settings, pair{dialNew, listenNew}),
			},
		})
	}
	return cases
}

// dialWay makes dialer and listener once a batch, as a program makes them once.
func dialWay(name string, settings []setting, p pair) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		dial, err := p.dial(settings)
		if err != nil {
			return nil, err
		}
		l, err := p.listen(settings)
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

// closure is by hand what settings ask for: nothing without any.
func closure(settings []setting) control {
	if len(settings) == 0 {
		return nil
	}
	return byHand(settings)
}

func dialByHand(settings []setting) (dial, error) {
	return (&net.Dialer{Control: closure(settings)}).Dial, nil
}

func dialWithControl(settings []setting) (dial, error) {
	return (&net.Dialer{Control: options(settings).Control}).Dial, nil
}

func dialNew(settings []setting) (dial, error) {
	d, err := dialer.New(&dialer.Config{Options: options(settings)})
	if err != nil {
		return nil, err
	}
	return d.Dial, nil
}

// loopback is where all listeners listen.
const loopback = "127.0.0.1:0"

func listen() (net.Listener, error) { return listenByHand(nil) }

func listenByHand(settings []setting) (net.Listener, error) {
	config := net.ListenConfig{Control: closure(settings)}
	return config.Listen(context.Background(), "tcp4", loopback)
}

func listenWithControl(settings []setting) (net.Listener, error) {
	config := net.ListenConfig{Control: options(settings).Control}
	return config.Listen(context.Background(), "tcp4", loopback)
}

func listenNew(settings []setting) (net.Listener, error) {
	return listenConfig(&listener.Config{Options: options(settings)})
}

func listenConfig(c *listener.Config) (net.Listener, error) {
	c.Address = "tcp4://" + loopback
	return listener.New(context.Background(), c)
}
