package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/internal/bench/turns"
)

// transfer is bytes that go one way.
type transfer struct {
	conns, streams int // streams of each conn
	up             bool
}

// turn sends for a while, and waits until all has arrived.
func (t transfer) turn(l *link, m *turns.Meter) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all []stream
	for range t.conns {
		s, err := l.dial(ctx)
		if err != nil {
			return err
		}
		defer s.close()
		for range t.streams {
			one, err := s.open(ctx)
			if err != nil {
				return err
			}
			all = append(all, one)
		}
	}
	l.over.Store(false)
	l.arrived.Store(0)
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	m.Begin()
	timer := time.AfterFunc(m.Rest(), func() { l.over.Store(true) })
	defer timer.Stop()
	for i, s := range all {
		wait.Go(func() { errs[i] = t.move(l, s) })
	}
	wait.Wait()
	m.End(float64(l.arrived.Load()) / (1 << 20))
	return errors.Join(errs...)
}

// move uses one stream.
func (t transfer) move(l *link, s stream) error {
	command := byte(sendToMe)
	if t.up {
		command = takeFromMe
	}
	if _, err := s.Write([]byte{command}); err != nil {
		return err
	}
	if t.up {
		l.send(s)
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	n := count(s) // the end: with an upload, the server has all
	if !t.up {
		l.arrived.Add(n)
	}
	return nil
}

// dialers are the goroutines that dial.
const dialers = 4

// dials makes conns, each with a byte there and back, until the time is over.
func dials(l *link, m *turns.Meter) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var done atomic.Int64
	errs := make([]error, dialers)
	var wait sync.WaitGroup
	m.Begin()
	for i := range dialers {
		wait.Go(func() {
			for first := true; errs[i] == nil && (first || !m.Over()); first = false { // one at least
				errs[i] = l.once(ctx)
				done.Add(1)
			}
		})
	}
	wait.Wait()
	m.End(float64(done.Load()))
	return errors.Join(errs...)
}

// once dials, exchanges a byte, and closes.
func (l *link) once(ctx context.Context) error {
	s, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.exchange(ctx); err != nil {
		return err
	}
	if s.resumed() != (l.handshake != full) || s.early() != (l.handshake == early) {
		return errors.New("the handshake was not of the kind that is measured")
	}
	return nil
}
