package virtualtime

import (
	"encoding/gob"
	"net"
	"sync"
)

// A Counter adds what its clients send.
type Counter struct {
	Remember bool            // counts nothing twice
	Counted  func(id string) // is told of what is counted; nil: nobody is

	mu    sync.Mutex
	total int
	seen  map[string]bool
}

type request struct {
	ID  string
	Add int
}

type response struct{ Total int }

// Serve answers until the listener is closed and all of its conns have ended.
func (c *Counter) Serve(l net.Listener) {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conns.Go(func() { c.answer(conn) })
	}
}

func (c *Counter) answer(conn net.Conn) {
	defer conn.Close()
	in, out := gob.NewDecoder(conn), gob.NewEncoder(conn)
	for {
		var r request
		if in.Decode(&r) != nil || out.Encode(response{c.add(r)}) != nil {
			return
		}
	}
}

func (c *Counter) add(r request) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	if !c.Remember || !c.seen[r.ID] {
		c.total += r.Add
		c.seen[r.ID] = true
		if c.Counted != nil {
			c.Counted(r.ID)
		}
	}
	return c.total
}
