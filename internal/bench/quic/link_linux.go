package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/quic-go/quic-go"
)

// A link is a client with the server that it dials.
type link struct {
	*peer
	dial  func(ctx context.Context) (*session, error)
	close func()
}

// A session is a conn of the client.
type session struct {
	open  func(ctx context.Context) (stream, error)
	close func()
	// resumed reports whether an earlier conn was gone on with, and used whether there was 0-RTT. They are asked after an
	// answer of the server.
	resumed, early func() bool
	conn           *quic.Conn // nil if it is none of quic-go
}

// A stream ends in each direction by itself.
type stream interface {
	io.ReadWriter
	CloseWrite() error
}

// A peer is what the server does with streams, whose first byte says it.
type peer struct {
	handshake handshake   // that conns are to have
	over      atomic.Bool // the time for sending is
	arrived   atomic.Int64
	accepted  atomic.Pointer[chan *quic.Conn] // gets the next conn
}

const (
	sendToMe   = 'd'
	takeFromMe = 'u'
	echoThis   = 'e'
)

// serve is for one stream.
func (p *peer) serve(s stream) {
	var command [1]byte
	if _, err := io.ReadFull(s, command[:]); err != nil {
		return // the client notices that nothing comes
	}
	switch command[0] {
	case sendToMe:
		p.send(s)
	case takeFromMe:
		p.arrived.Add(count(s))
	case echoThis:
		_, _ = s.Write(command[:]) // the client waits for it
	}
	_ = s.CloseWrite()
}

// piece is what io.Copy has.
const piece = 32 << 10

// send writes until the time is over, and once at least.
func (p *peer) send(s stream) {
	for b := make([]byte, piece); ; {
		if _, err := s.Write(b); err != nil || p.over.Load() {
			return
		}
	}
}

// count reads to the end.
func count(s stream) (n int64) {
	for b := make([]byte, piece); ; {
		k, err := s.Read(b)
		if n += int64(k); err != nil {
			return n
		}
	}
}

// exchange sends a byte on a stream of its own and waits for it to come back.
func (s *session) exchange(ctx context.Context) error {
	stream, err := s.open(ctx)
	if err != nil {
		return err
	}
	var b [1]byte
	if _, err := stream.Write([]byte{echoThis}); err != nil {
		return err
	}
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	if _, err := io.ReadFull(stream, b[:]); err != nil {
		return err
	}
	if b[0] != echoThis {
		return fmt.Errorf("%q came back", b)
	}
	return nil
}

// warm dials until the client has what it needs for its kind of handshake.
func (l *link) warm(c credentials, h handshake) error {
	if h == full {
		return nil
	}
	return l.greet(c.tickets.first)
}

// greet dials, exchanges a byte, and waits for a ticket if there is to be one.
func (l *link) greet(ticket <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := l.dial(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.exchange(ctx); err != nil || ticket == nil {
		return err
	}
	select {
	case <-ticket:
		return nil
	case <-ctx.Done():
		return errors.New("the server gives no ticket")
	}
}
