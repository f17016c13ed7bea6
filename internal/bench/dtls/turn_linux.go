package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/internal/bench/turns"
)

const (
	datagramSize = 1200
	tripSize     = 100
	patience     = 10 * time.Second
)

// pair is a conn from both ends.
func (w way) pair() (client, server net.Conn, end func(), err error) {
	if w.client == plain {
		return udpPair()
	}
	s, err := newSettings(certificate)
	if err != nil {
		return nil, nil, nil, err
	}
	l, err := w.open(s)
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if client, err = l.dial(ctx); err != nil {
		l.close()
		return nil, nil, nil, err
	}
	select {
	case server = <-l.accepted:
	case <-ctx.Done():
		err = errors.New("the server accepts no conn")
	}
	end = func() {
		client.Close()
		if server != nil {
			server.Close()
		}
		l.close()
	}
	if err != nil {
		end()
	}
	return client, server, end, err
}

// udpPair are two sockets that are connected.
func udpPair() (client, server net.Conn, end func(), err error) {
	local := func() *net.UDPAddr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)} }
	free, err := net.ListenUDP("udp4", local())
	if err != nil {
		return nil, nil, nil, err
	}
	to := free.LocalAddr().(*net.UDPAddr)
	first, err := net.DialUDP("udp4", nil, to)
	if err = errors.Join(err, free.Close()); err != nil {
		return nil, nil, nil, err
	}
	second, err := net.DialUDP("udp4", to, first.LocalAddr().(*net.UDPAddr))
	if err != nil {
		return nil, nil, nil, errors.Join(err, first.Close())
	}
	return first, second, func() { first.Close(); second.Close() }, nil
}

// datagrams go from the client to the server.
func (w way) datagrams() (*turns.Pipe, error) {
	client, server, end, err := w.pair()
	if err != nil {
		return nil, err
	}
	out, in := make([]byte, datagramSize), make([]byte, 8192)
	return &turns.Pipe{
		Send: func() error {
			_, err := client.Write(out)
			return err
		},
		Receive: func() error {
			_, err := server.Read(in)
			return err
		},
		Close: end,
	}, nil
}

// trips go from the client to the server and back, one at a time.
func (w way) trips() (*turns.Lane, error) {
	client, server, end, err := w.pair()
	if err != nil {
		return nil, err
	}
	go func() {
		for b := make([]byte, 8192); ; {
			n, err := server.Read(b)
			if err != nil {
				return
			}
			if _, err := server.Write(b[:n]); err != nil {
				return
			}
		}
	}()
	b := make([]byte, 8192)
	turn := func(m *turns.Meter) error {
		if err := client.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			return err
		}
		n := 0
		for m.Begin(); n == 0 || !m.Over(); n++ {
			if _, err := client.Write(b[:tripSize]); err != nil {
				return err
			}
			if k, err := client.Read(b); err != nil || k != tripSize {
				return errors.Join(err, errors.New("what came back is not what was sent"))
			}
		}
		m.End(float64(n))
		return nil
	}
	return &turns.Lane{Turn: turn, Close: end}, nil
}

// dialers are the goroutines that dial.
const dialers = 4

// handshakes opens a lane of dials, each with a datagram from the server, which closes last.
func (w way) handshakes(p proof) func() (*turns.Lane, error) {
	return func() (*turns.Lane, error) {
		s, err := newSettings(p)
		if err != nil {
			return nil, err
		}
		l, err := w.open(s)
		if err != nil {
			return nil, err
		}
		done := make(chan struct{})
		var work sync.WaitGroup
		work.Go(func() { l.answer(done) })
		lane := &turns.Lane{
			Turn: func(m *turns.Meter) error { return dials(l, p, m) },
			Close: func() {
				close(done)
				work.Wait()
				l.close()
			},
		}
		if p == resumed { // makes the first session
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := once(ctx, l, certificate); err != nil {
				lane.Close()
				return nil, err
			}
		}
		return lane, nil
	}
}

// answer says hello on each of the server's conns and waits for the client to close.
func (l *link) answer(done <-chan struct{}) {
	var work sync.WaitGroup
	defer work.Wait()
	for {
		select {
		case c := <-l.accepted:
			work.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(patience)) // a close_notify can be lost
				_, _ = c.Write([]byte("hello"))             // the client notices if it does not come
				_, _ = c.Read(make([]byte, 64))
			})
		case <-done:
			return
		}
	}
}

func dials(l *link, p proof, m *turns.Meter) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var done atomic.Int64
	errs := make([]error, dialers)
	var wait sync.WaitGroup
	m.Begin()
	for i := range dialers {
		wait.Go(func() {
			for first := true; errs[i] == nil && (first || !m.Over()); first = false { // one at least
				errs[i] = once(ctx, l, p)
				done.Add(1)
			}
		})
	}
	wait.Wait()
	m.End(float64(done.Load()))
	return errors.Join(errs...)
}

func once(ctx context.Context, l *link, p proof) error {
	c, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if (p == resumed) != l.settings.clientSessions.resumed(c) {
		return errors.New("the handshake was not of the kind that is measured")
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 64))
	return err
}
