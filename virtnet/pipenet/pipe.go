package pipenet

import (
	"net"
	"time"
)

// A pipe is the two ends of a conn, in one piece of memory: net.Pipe has ten
// channels a conn, and a second writer waits for a lock there, which neither its
// deadline ends nor counts as blocked for testing/synctest.
type pipe struct {
	ways [2]way
	ends [2]end
}

// newPipe makes the ends.
func newPipe() (one, two net.Conn) {
	p := new(pipe)
	for i := range p.ways {
		p.ways[i].changed.L = &p.ways[i].mu
		p.ends[i] = end{in: &p.ways[i], out: &p.ways[1-i]}
	}
	return &p.ends[0], &p.ends[1]
}

// An end reads what comes in and writes what goes out. It is safe for concurrent
// use.
type end struct{ in, out *way }

// Read returns what a Write of the other end has brought.
func (e *end) Read(p []byte) (int, error) { return e.in.read(p) }

// Write returns when all has been read.
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

// Close wakes whoever is blocked at either end.
func (e *end) Close() error {
	e.in.close(&e.in.reader)
	e.out.close(&e.out.writer)
	return nil
}

// SetDeadline sets both deadlines.
func (e *end) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.SetWriteDeadline(t)
}

// SetReadDeadline sets when Read gives up.
func (e *end) SetReadDeadline(t time.Time) error { return e.in.setDeadline(&e.in.reader, t) }

// SetWriteDeadline sets when Write gives up.
func (e *end) SetWriteDeadline(t time.Time) error { return e.out.setDeadline(&e.out.writer, t) }

// LocalAddr returns what virtnet replaces.
func (e *end) LocalAddr() net.Addr { return addr{} }

// RemoteAddr returns what virtnet replaces.
func (e *end) RemoteAddr() net.Addr { return addr{} }

// The addr of a bare pipe says nothing.
type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe" }
