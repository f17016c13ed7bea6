package netstack

import (
	"errors"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// upload copies from the conn to the peer while there is something.
func (s *Splice) upload() {
	deep()
	move := s.moveUp
	if s.raw != nil {
		move = s.moveUpRaw
	}
	for {
		err := move()
		switch {
		case errors.Is(err, errNothing):
			if s.rest() {
				return
			}
			continue
		case err == nil: // the end of the stream
			err = s.peer.CloseWrite()
		}
		if err != nil {
			s.Abort(err)
		}
		s.uploader.Store(uploadEnded)
		if s.broken() {
			s.Abort(ErrConnectionReset) // the notice may have come before
		}
		s.end()
		return
	}
}

// errNothing says that there is nothing more to copy now.
var errNothing = errors.New("nothing to copy")

// moveUp copies through a buffer to a peer whose Write waits.
func (s *Splice) moveUp() error {
	b := largeBuffers.Get().(*[]byte)
	defer largeBuffers.Put(b)
	for {
		w := tcpip.SliceWriter(*b)
		res, err := s.ep.Read(&w, tcpip.ReadOptions{})
		if err != nil {
			return readEnd(err)
		}
		s.ep.ModerateRecvBuf(res.Count)
		n, werr := s.peer.Write((*b)[:res.Count])
		s.sent.Add(uint64(max(n, 0)))
		s.touch()
		if werr != nil {
			return werr
		}
	}
}

// readEnd is nil for the end of the stream.
func readEnd(err tcpip.Error) error {
	switch err.(type) {
	case *tcpip.ErrClosedForReceive:
		return nil
	case *tcpip.ErrWouldBlock:
		return errNothing
	default:
		return wrap(err)
	}
}
