package tun

import (
	"bytes"
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
)

// writing is a write on its way.
type writing struct {
	header header
	head   headers
	bufs   [][]byte
	err    error
	again  bool
	try    func(fd uintptr)
	wait   func(fd uintptr) bool
}

var writings = sync.Pool{New: func() any {
	w := &writing{}
	w.try = w.write
	w.wait = func(fd uintptr) bool { w.write(fd); return !w.again }
	return w
}}

func (w *writing) write(fd uintptr) {
	for {
		_, w.err = unix.Writev(int(fd), w.bufs)
		if !errors.Is(w.err, unix.EINTR) {
			w.again = errors.Is(w.err, unix.EAGAIN)
			return
		}
	}
}

func (w *writing) free() {
	clear(w.bufs)
	w.bufs = w.bufs[:0]
	writings.Put(w)
}

// Write writes a packet.
func (q *queue) Write(p []byte) (int, error) {
	if err := q.check(p, len(p), tunx.Offload{}); err != nil {
		return 0, err
	}
	w := writings.Get().(*writing)
	defer w.free()
	w.header = header{}
	return q.send(w, len(p), p)
}

// WriteOffload writes a packet of up to MaxSegment bytes.
func (q *queue) WriteOffload(parts [][]byte, o tunx.Offload) (int, error) {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	w := writings.Get().(*writing)
	defer w.free()
	head := w.begin(parts)
	if err := q.check(head, length, o); err != nil {
		return 0, err
	}
	const most = 1024 - 1 // IOV_MAX and our header
	if len(parts) > most || q.software(o) {
		return q.writeCopy(w, parts, length, o)
	}
	w.header.set(head, o)
	return q.send(w, length, parts...)
}

// begin returns the beginning of a packet: its headers at least.
func (w *writing) begin(parts [][]byte) []byte { return begin(&w.head, parts) }

// check says why a packet cannot be written.
func (q *queue) check(head []byte, length int, o tunx.Offload) error {
	if q.device.closed.Load() {
		return q.writeError(tunx.ErrClosed)
	}
	if err := checkPacket(head, length, q.device.mtu(), q.device.maxSegment(), o); err != nil {
		return q.writeError(err)
	}
	return nil
}

// software reports whether o has something that the kernel cannot do.
func (q *queue) software(o tunx.Offload) bool {
	if !q.device.header {
		return o.NeedsChecksum
	}
	return o.Segment != 0 && isUDP(o) && q.device.flags&unix.TUN_F_USO4 == 0
}

// writeCopy is WriteOffload with a copy of the packet.
func (q *queue) writeCopy(w *writing, parts [][]byte, length int, o tunx.Offload) (int, error) {
	p := bytes.Join(parts, nil)
	if !q.software(o) {
		w.header.set(p, o)
		return q.send(w, length, p)
	}
	w.header = header{}
	err := complete(p, o, func(p []byte) error {
		_, err := q.send(w, len(p), p)
		return err
	})
	if err != nil {
		return 0, err
	}
	return length, nil
}

// send writes the parts behind the header, in one system call.
func (q *queue) send(w *writing, length int, parts ...[]byte) (int, error) {
	w.bufs = w.bufs[:0]
	if q.device.header {
		w.bufs = append(w.bufs, w.header[:])
	}
	w.bufs = append(w.bufs, parts...)
	err := q.raw.Control(w.try) // not Write, which lets one in after the other
	if err == nil && w.again {
		err = q.raw.Write(w.wait)
	}
	switch {
	case err != nil || q.device.closed.Load() && w.err != nil:
		return 0, q.writeError(tunx.ErrClosed)
	case w.err != nil:
		return 0, q.writeError(explainIO(w.err))
	}
	return length, nil
}

func (q *queue) writeError(err error) error {
	return &Error{Op: "write", Name: q.device.ifname, Err: err}
}
