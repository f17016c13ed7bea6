package netstack

import (
	"errors"
	"io"
)

// download copies from the peer to the conn.
func (s *Splice) download() {
	defer s.end()
	var err error
	if s.raw != nil {
		err = s.moveDownRaw()
	} else {
		err = s.moveDown()
	}
	if err == nil {
		s.ending.Store(true)
		err = s.c.CloseWrite()
	}
	if err != nil {
		s.Abort(err)
	}
}

// moveDown copies through a buffer, which is small as long as that suffices.
func (s *Splice) moveDown() error {
	pool := smallBuffers
	b := pool.Get().(*[]byte)
	defer func() { pool.Put(b) }()
	for {
		n, err := s.peer.Read(*b)
		if n > 0 {
			s.touch()
			w, werr := s.c.Write((*b)[:n])
			s.received.Add(uint64(max(w, 0)))
			if werr != nil {
				return werr
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		// A full buffer asks for a larger one, a nearly empty one for the small one.
		if next := poolFor(pool, n, len(*b)); next != pool {
			pool.Put(b)
			pool = next
			b = pool.Get().(*[]byte)
		}
	}
}
