package netstack

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
)

const (
	// smallSegment is the size below which copying a segment costs less than a call.
	smallSegment = 16 << 10
	// atOnce bounds the bytes that are written while the engine's endpoint is locked: its
	// acknowledgements wait.
	atOnce = 256 << 10
)

// rawPeer is a peer whose socket can be read and written without waiting. Then what the
// engine holds goes to the socket without a copy, and the other way.
type rawPeer struct {
	conn syscall.RawConn

	fd      int
	err     error // of the last write
	batch   int   // bytes written since the endpoint was locked
	pending []byte
	buffer  *[]byte // that pending is in

	down socketReader
}

// newRawPeer returns nil for a conn that is no socket of package net: one that is wrapped
// does something with the bytes.
func newRawPeer(c any) *rawPeer {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	conn, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil // closed: Read says it
	}
	return &rawPeer{conn: conn}
}

// moveUpRaw copies from the conn to the peer's socket.
func (s *Splice) moveUpRaw() error {
	return s.raw.moveUp(s.ep, func(n int) {
		s.sent.Add(uint64(n)) //nolint:gosec // a count
		s.touch()
	})
}

// moveUp copies what ep has to the socket, and waits for the socket. The attempt and the
// wait have to be in one call: room that comes between the two would not be seen.
func (r *rawPeer) moveUp(ep tcpip.Endpoint, moved func(int)) error {
	var end error
	err := r.conn.Write(func(fd uintptr) bool {
		r.fd = int(fd)
		end = r.moveUpNow(ep, moved)
		return !errors.Is(end, unix.EAGAIN)
	})
	r.free()
	if err != nil {
		return err
	}
	return end
}

// moveUpNow copies until one side has to be waited for: errNothing, or EAGAIN.
func (r *rawPeer) moveUpNow(ep tcpip.Endpoint, moved func(int)) error {
	for {
		if err := r.flush(); err != nil {
			return err
		}
		r.err, r.batch = nil, 0
		res, err := ep.Read(r, tcpip.ReadOptions{})
		if res.Count > 0 {
			ep.ModerateRecvBuf(res.Count)
			moved(res.Count)
		}
		if ferr := r.flush(); ferr != nil {
			return ferr
		}
		if r.err != nil && !errors.Is(r.err, errEnough) {
			return r.err
		}
		if err != nil && r.err == nil {
			return readEnd(err)
		}
	}
}

// errEnough ends a Read of the engine.
var errEnough = errors.New("enough for now")

// Write takes a segment: small ones are gathered, large ones written at once. The engine
// calls it with the endpoint locked.
func (r *rawPeer) Write(p []byte) (int, error) {
	if r.batch >= atOnce {
		r.err = errEnough
		return 0, r.err
	}
	if len(p) < smallSegment {
		if r.buffer == nil {
			r.buffer = largeBuffers.Get().(*[]byte)
			r.pending = (*r.buffer)[:0]
		}
		if len(r.pending)+len(p) <= cap(r.pending) {
			r.pending = append(r.pending, p...)
			r.batch += len(p)
			return len(p), nil
		}
	}
	if r.err = r.flush(); r.err != nil {
		return 0, r.err
	}
	if len(p) < smallSegment {
		r.pending = (*r.buffer)[:copy(*r.buffer, p)]
		return len(p), nil
	}
	var n int
	n, r.err = r.send(p)
	r.batch += n
	return n, r.err
}

// flush writes what was gathered.
func (r *rawPeer) flush() error {
	n, err := r.send(r.pending)
	r.pending = r.pending[n:]
	if len(r.pending) == 0 && r.buffer != nil {
		r.pending = (*r.buffer)[:0]
	}
	return err
}

// send writes as much as the socket takes.
func (r *rawPeer) send(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := unix.Write(r.fd, p[done:])
		switch {
		case err == nil:
			done += n
		case !errors.Is(err, unix.EINTR):
			return done, os.NewSyscallError("write", err)
		}
	}
	return done, nil
}

func (r *rawPeer) free() {
	if r.buffer != nil {
		largeBuffers.Put(r.buffer)
		r.buffer, r.pending = nil, nil
	}
}

// moveDownRaw copies from the peer's socket to the conn.
func (s *Splice) moveDownRaw() error {
	moved := func(n int) {
		s.received.Add(uint64(n)) //nolint:gosec // a count
		s.touch()
	}
	for {
		err := s.raw.moveDown(s.ep, moved)
		switch {
		case !errors.Is(err, errNothing):
			return err
		case !s.waitWritable():
			return net.ErrClosed
		}
	}
}

// waitWritable waits until the conn may have room. It is false when the splice is aborted.
func (s *Splice) waitWritable() bool {
	<-s.writable
	return !s.aborted.Load()
}

// moveDown copies what the socket has to ep, and waits for the socket, but for ep's buffer
// it returns errNothing.
func (r *rawPeer) moveDown(ep tcpip.Endpoint, moved func(int)) error {
	var end error
	err := r.conn.Read(func(fd uintptr) bool {
		r.down.fd = int(fd)
		end = r.down.moveDownNow(ep, moved)
		return !errors.Is(end, unix.EAGAIN)
	})
	if err != nil {
		return err
	}
	return end
}

// moveDownNow copies until one side has to be waited for: EAGAIN, or errNothing.
func (d *socketReader) moveDownNow(ep tcpip.Endpoint, moved func(int)) error {
	for {
		if err := d.look(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		n, err := ep.Write(d, tcpip.WriteOptions{})
		if n > 0 {
			moved(int(n))
		}
		if d.err != nil {
			return d.err
		}
		if err != nil {
			return writeEnd(err)
		}
	}
}

// writeEnd says whether a write to the conn has to be tried again.
func writeEnd(err tcpip.Error) error {
	if _, ok := err.(*tcpip.ErrWouldBlock); ok {
		return errNothing
	}
	return wrap(err)
}

// socketReader is what a socket has, as the engine wants it: it must be there when the
// engine asks, so that it can be read into the engine's own memory.
type socketReader struct {
	fd, n int
	err   error
	one   [1]byte
}

// look finds out how much there is.
func (d *socketReader) look() error {
	n, err := unix.IoctlGetInt(d.fd, unix.TIOCINQ)
	if err != nil {
		return os.NewSyscallError("ioctl", err)
	}
	if n > 0 {
		d.n = n
		return nil
	}
	// No data: there is an end, an error, or nothing.
	for {
		n, _, err = unix.Recvfrom(d.fd, d.one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return io.EOF
		default:
			d.n = n
			return nil
		}
	}
}

// Len is what the engine may ask for.
func (d *socketReader) Len() int { return min(d.n, atOnce) }

// Read is called by the engine for no more than Len.
func (d *socketReader) Read(p []byte) (int, error) {
	for len(p) > 0 {
		n, err := unix.Read(d.fd, p)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			d.err = os.NewSyscallError("read", err)
			return 0, d.err
		case n == 0:
			d.err = io.ErrUnexpectedEOF
			return 0, d.err
		default:
			return n, nil
		}
	}
	return 0, nil
}
