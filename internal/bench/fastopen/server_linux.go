package main

import (
	"context"
	"net"
	"sync"

	"github.com/strata-net/strata/internal/bench/lab"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// question is what clients send; a server answers with the same.
var question = []byte("question")

// A server answers one question a conn.
type server struct {
	net.Listener
	done sync.WaitGroup
}

// serve listens with a queue for so many dials whose data came before their handshake was complete.
func serve(n *lab.Namespace, queue int) (*server, error) {
	s := &server{}
	err := n.Do(func() (err error) {
		s.Listener, err = listener.New(context.Background(), &listener.Config{
			Address:   "tcp4://" + lab.AddressB + ":0",
			Options:   sockopt.Options{sockopt.TCPFastOpen.Value(queue)},
			Multipath: sockopt.MultipathOff,
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	s.done.Go(s.accept)
	return s, nil
}

func (s *server) accept() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		s.done.Go(func() { answer(c) })
	}
}

func answer(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, len(question))
	n, err := c.Read(buffer)
	if err == nil {
		_, _ = c.Write(buffer[:n]) // the client says what it misses
	}
}

func (s *server) close() {
	s.Close()
	s.done.Wait()
}
