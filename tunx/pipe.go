package tunx

import (
	"fmt"
	"io"
	"sync"

	"github.com/strata-net/strata/tunx/internal/segment"
)

// The bounds of a pipe.
const (
	maxPacket   = 65535   // the longest packet of IPv4, and of IPv6 without jumbograms
	pipePackets = 256     // that wait in a direction
	pipeBytes   = 1 << 20 // of those, unless one packet alone has more
	defaultMTU  = 1500
)

// Pipe returns two devices that are connected back to back: what is written to one is
// read from the other. Both are an [OffloadDevice]. mtu is in bytes, 68 to 65535; 0 is
// 1500, and what is out of bounds is brought to the next bound.
//
// A pipe loses nothing: Write waits while 256 packets, or those of 1 MiB, have not been
// read. So whoever reads a device must not wait for a Write to the same one. Closing one
// end closes the pipe: what the other has not read can still be read there.
func Pipe(mtu int) (IPDevice, IPDevice) {
	if mtu == 0 {
		mtu = defaultMTU
	}
	mtu = min(max(mtu, 68), maxPacket)
	there, back := newLane(), newLane()
	return &pipeEnd{mtu: mtu, in: back, out: there}, &pipeEnd{mtu: mtu, in: there, out: back}
}

// pipeEnd is one of the two devices.
type pipeEnd struct {
	mtu     int
	in, out *lane

	reading sync.Mutex     // of Read
	whole   *datagram      // what cut has of the packets for Read
	cut     segment.Cutter // Read returns what an offload left to do done
}

func (e *pipeEnd) MTU() int        { return e.mtu }
func (e *pipeEnd) MaxSegment() int { return maxPacket }

func (e *pipeEnd) Close() error {
	e.out.close(false)
	e.in.close(true)
	e.reading.Lock() // a Read that waited has been woken
	defer e.reading.Unlock()
	e.drop()
	return nil
}

func (e *pipeEnd) Read(p []byte) (int, error) {
	e.reading.Lock()
	defer e.reading.Unlock()
	if e.whole == nil {
		q, err := e.in.take()
		if err != nil {
			return 0, err
		}
		o := segment.Offload(q.offload)
		if o.Segment == 0 {
			o.Finish(q.data)
			n := copy(p, q.data)
			q.free()
			return n, nil
		}
		e.whole = q
		e.cut.Reset(q.data, o)
	}
	n := e.cut.Next(p)
	if !e.cut.More() {
		e.drop()
	}
	return n, nil
}

// drop forgets the packets that Read has not returned. The lock of Read is held.
func (e *pipeEnd) drop() {
	if e.whole != nil {
		e.whole.free()
		e.whole = nil
	}
}

func (e *pipeEnd) Write(p []byte) (int, error) {
	if len(p) > e.mtu {
		return 0, ErrMsgSize
	}
	return e.out.put([][]byte{p}, len(p), Offload{})
}

func (e *pipeEnd) ReadOffload(p []byte) (int, Offload, error) {
	q, err := e.in.take()
	if err != nil {
		return 0, Offload{}, err
	}
	n, o := copy(p, q.data), q.offload
	q.free()
	return n, o, nil
}

// WriteOffload refuses an offload that is not possible for the packet: the other end may
// have to do it.
func (e *pipeEnd) WriteOffload(parts [][]byte, o Offload) (int, error) {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	longest := n
	if o.Segment > 0 {
		longest = min(n, int(o.HeaderLen)+int(o.Segment))
	}
	if n > maxPacket || longest > e.mtu {
		return 0, ErrMsgSize
	}
	return e.out.put(parts, n, o)
}

// lane is one direction of a pipe.
type lane struct {
	mu              sync.Mutex
	readable, space sync.Cond
	ring            [pipePackets]*datagram
	first, count    int
	bytes           int
	closed          bool
}

func newLane() *lane {
	l := &lane{}
	l.readable.L, l.space.L = &l.mu, &l.mu
	return l
}

func (l *lane) put(parts [][]byte, n int, o Offload) (int, error) {
	q := newDatagram(n)
	q.offload = o
	for _, p := range parts {
		q.data = append(q.data, p...)
	}
	if err := segment.Offload(o).Check(q.data, n); err != nil {
		q.free()
		return 0, &Error{Op: "write", Field: "offload", Value: fmt.Sprintf("%+v", o), Err: err}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.closed && (l.count == len(l.ring) || l.count > 0 && l.bytes+n > pipeBytes) {
		l.space.Wait()
	}
	if l.closed {
		q.free()
		return 0, ErrClosed
	}
	l.ring[(l.first+l.count)%len(l.ring)] = q
	l.count++
	l.bytes += n
	l.readable.Signal()
	return n, nil
}

func (l *lane) take() (*datagram, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.count == 0 && !l.closed {
		l.readable.Wait()
	}
	if l.count == 0 {
		return nil, io.EOF
	}
	q := l.ring[l.first]
	l.ring[l.first] = nil
	l.first = (l.first + 1) % len(l.ring)
	l.count--
	l.bytes -= len(q.data)
	l.space.Signal()
	return q, nil
}

// close ends the lane. drop is for its reader's own Close, which leaves nothing to read.
func (l *lane) close(drop bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if drop {
		for i := range l.ring {
			if q := l.ring[i]; q != nil {
				q.free()
			}
			l.ring[i] = nil
		}
		l.count, l.bytes = 0, 0
	}
	l.readable.Broadcast()
	l.space.Broadcast()
}
