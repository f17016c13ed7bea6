package main

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/internal/bench/turns"
)

// dials opens a lane of conns: one goroutine dials them and closes them, another one accepts them and closes them.
func (w way) dials() (*turns.Lane, error) {
	l, err := w.open()
	if err != nil {
		return nil, err
	}
	return l.dials(l.close), nil
}

func (l *link) dials(end func()) *turns.Lane {
	a := &acceptor{done: make(chan struct{})}
	go a.run(l)
	dialled := int64(0)
	return &turns.Lane{
		Turn: func(m *turns.Meter) error {
			before := dialled
			for m.Begin(); dialled == before || !m.Over(); dialled++ {
				c, err := l.dial()
				if err != nil {
					return err
				}
				c.Close()
			}
			if err := a.await(dialled); err != nil {
				return err
			}
			m.End(float64(dialled - before))
			return nil
		},
		Close: func() {
			end()
			<-a.done
		},
	}
}

// An acceptor accepts conns and closes them.
type acceptor struct {
	accepted atomic.Int64
	done     chan struct{}
	err      error // that ended it
}

func (a *acceptor) run(l *link) {
	defer close(a.done)
	for {
		var c net.Conn
		if c, a.err = l.accept(); a.err != nil {
			return
		}
		c.Close()
		a.accepted.Add(1)
	}
}

// await waits until so many were accepted.
func (a *acceptor) await(n int64) error {
	for a.accepted.Load() < n {
		select {
		case <-a.done:
			return a.err
		case <-time.After(10 * time.Microsecond):
		}
	}
	return nil
}

// crowded opens a lane of conns on a pipenet where n others are open.
func crowded(n int) func() (*turns.Lane, error) {
	return func() (*turns.Lane, error) {
		l, err := pipenets()
		if err != nil {
			return nil, err
		}
		all := make([]net.Conn, 2*n)
		for i := range n {
			if all[2*i], all[2*i+1], err = l.pair(); err != nil {
				l.close()
				return nil, err
			}
		}
		return l.dials(l.close), nil // closes all others too
	}
}
