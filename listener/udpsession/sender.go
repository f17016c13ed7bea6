package udpsession

import (
	"errors"
	"os"
	"sync"

	"github.com/strata-net/strata/listener/udpbatch"
)

// maxBatch is how many datagrams go to the socket in one call at most, and so
// how long one session makes the others wait.
const maxBatch = 64

// sender lets one session after the other write to the socket, which is what
// package net does below it too. The session whose turn it is lends the socket
// its write deadline, so that deadlines hold while the send buffer is full.
type sender struct {
	socket   *udpbatch.Conn
	clock    clock
	turn     chan struct{}              // full while a session writes
	messages [maxBatch]udpbatch.Message // of the session that writes

	mu       sync.Mutex // taken before that of a session
	owner    *Conn      // the session that writes, nil if none does
	deadline int64      // the socket's
}

// send returns how many of the datagrams were sent.
func (s *sender) send(c *Conn, datagrams ...[]byte) (int, error) {
	sent := 0
	for first := true; first || sent < len(datagrams); first = false {
		chunk := datagrams[sent:min(len(datagrams), sent+maxBatch)]
		n, err := s.sendChunk(c, chunk)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

func (s *sender) sendChunk(c *Conn, datagrams [][]byte) (int, error) {
	if err := s.takeTurn(c); err != nil {
		return 0, err
	}
	messages := s.messages[:len(datagrams)]
	for i, b := range datagrams {
		messages[i] = udpbatch.Message{Data: b, Addr: c.key.peer, Local: c.key.local, Interface: c.link}
	}
	n, err := s.transmit(c, messages)
	clear(messages) // the caller's memory is the caller's
	<-s.turn
	return n, err
}

// takeTurn waits until c may write.
func (s *sender) takeTurn(c *Conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if err := c.over(&c.writing); err != nil {
			c.writing.signal()
			return err
		}
		select {
		case s.turn <- struct{}{}:
			return nil
		default:
		}
		if c.writing.wait(c, s.turn) {
			return nil
		}
	}
}

// transmit writes until all is sent, or c must not go on.
func (s *sender) transmit(c *Conn, messages []udpbatch.Message) (int, error) {
	s.own(c)
	defer s.own(nil)
	sent := 0
	for sent < len(messages) {
		n, err := s.socket.WriteBatch(messages[sent:])
		sent += n
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return sent, err
		}
		c.mu.Lock()
		err = c.over(&c.writing)
		c.mu.Unlock()
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// own makes c the session whose deadline the socket has.
func (s *sender) own(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner = c; c != nil {
		s.apply(c)
	}
}

// refresh is called when the deadline or the end of c has changed.
func (s *sender) refresh(c *Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner == c {
		s.apply(c)
	}
}

func (s *sender) apply(c *Conn) {
	c.mu.Lock()
	at := c.writing.deadline
	if c.end != nil {
		at = 1 // past
	}
	c.mu.Unlock()
	if at != s.deadline && s.socket.SetWriteDeadline(s.clock.time(at)) == nil {
		s.deadline = at
	}
}
