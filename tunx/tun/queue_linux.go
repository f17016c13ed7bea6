package tun

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/segment"
)

// queue is a queue of a device, and a device as well.
type queue struct {
	device *device
	file   *os.File
	raw    syscall.RawConn
	fd     int // while the device is being opened

	mu    sync.Mutex // of those who read
	in    reading
	spare []byte         // for a packet that is to be cut up
	cut   segment.Cutter // has segments of it
}

var _ tunx.OffloadDevice = (*queue)(nil)

func newQueue(d *device, fd int) (*queue, error) {
	file := os.NewFile(uintptr(fd), clone)
	raw, err := file.SyscallConn()
	q := &queue{device: d, file: file, raw: raw, fd: fd}
	q.in.try = q.in.read
	q.in.once = func(fd uintptr) { q.in.read(fd) }
	return q, d.fail("", "", err)
}

func (q *queue) MTU() int        { return q.device.mtu() }
func (q *queue) MaxSegment() int { return q.device.maxSegment() }
func (q *queue) Close() error    { return q.device.close() }

// reading is a read on its way. It lives as long as the queue, so that it costs nothing.
type reading struct {
	header header
	empty  [1]byte
	bufs   [3][]byte
	used   [][]byte // of bufs
	n      int
	err    error
	try    func(fd uintptr) bool
	once   func(fd uintptr)
}

// read reports false when there is nothing to read yet.
func (r *reading) read(fd uintptr) bool {
	for {
		r.n, r.err = unix.Readv(int(fd), r.used)
		if !errors.Is(r.err, unix.EINTR) {
			return !errors.Is(r.err, unix.EAGAIN)
		}
	}
}

// Read reads a packet.
func (q *queue) Read(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n, _, err := q.readPlain(p, true)
	return n, err
}

// ReadOffload reads a packet of up to MaxSegment bytes.
func (q *queue) ReadOffload(p []byte) (int, tunx.Offload, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.readLarge(p, true)
}

// readPlain reads a packet that is complete, or a segment of the last one. Without wait it
// fails with EAGAIN when there is none.
func (q *queue) readPlain(p []byte, wait bool) (int, tunx.Offload, error) {
	for !q.device.closed.Load() {
		if q.cut.More() {
			return q.cut.Next(p), tunx.Offload{}, nil
		}
		if q.device.flags == 0 {
			return q.receive(p, nil, wait)
		}
		if q.spare == nil {
			q.spare = make([]byte, maxSegment)
		}
		// What is longer than p is continued in the spare buffer, at its place.
		n, o, err := q.receive(p, q.spare[min(len(p), maxSegment):], wait)
		if err != nil || !o.NeedsChecksum && o.Segment == 0 {
			return min(n, len(p)), o, err
		}
		packet := q.spare[:n]
		copy(packet, p)
		switch work := segment.Offload(o); {
		case !work.Complete(packet):
		case o.Segment == 0:
			work.Finish(packet)
			return copy(p, packet), tunx.Offload{}, nil
		default:
			q.cut.Reset(packet, work)
		}
	}
	return 0, tunx.Offload{}, io.EOF
}

// readLarge reads a packet as it comes.
func (q *queue) readLarge(p []byte, wait bool) (int, tunx.Offload, error) {
	if q.cut.More() || q.device.flags == 0 {
		return q.readPlain(p, wait)
	}
	for {
		n, o, err := q.receive(p, nil, wait)
		work := segment.Offload(o)
		if err != nil || n > len(p) || work.Complete(p[:n]) {
			return min(n, len(p)), tunx.Offload(work), err
		}
	}
}

// receive reads a packet into p, and the rest into rest. It returns the packet's length.
func (q *queue) receive(p, rest []byte, wait bool) (int, tunx.Offload, error) {
	if len(p) == 0 && len(rest) == 0 {
		rest = q.in.empty[:] // or readv would not wait
	}
	head := 0
	q.in.bufs = [3][]byte{q.in.header[:], p, rest}
	q.in.used = q.in.bufs[:]
	if q.device.header {
		head = headerLen
	} else {
		q.in.used = q.in.bufs[1:]
	}
	err := q.run(wait)
	q.in.bufs, q.in.used = [3][]byte{}, nil
	switch {
	case q.device.closed.Load():
		return 0, tunx.Offload{}, io.EOF
	case err != nil:
		return 0, tunx.Offload{}, &Error{Op: "read", Name: q.device.ifname, Err: err}
	}
	n := max(q.in.n-head, 0)
	if head == 0 {
		return min(n, len(p)), tunx.Offload{}, nil
	}
	return n, q.in.header.offload(), nil
}

// run does the read that has been prepared.
func (q *queue) run(wait bool) error {
	if wait {
		err := q.raw.Read(q.in.try)
		if err == nil || q.device.closed.Load() {
			return explainIO(q.in.err)
		}
		// The poller does not say what is wrong with the descriptor.
	}
	err := q.raw.Control(q.in.once)
	if err == nil {
		err = explainIO(q.in.err)
	}
	return err
}

// explainIO says what an error of readv or writev means.
func explainIO(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EBADFD):
		return fmt.Errorf("the interface was removed: %w", err)
	case errors.Is(err, unix.EIO):
		return fmt.Errorf("the interface is down: %w", err)
	}
	return err
}
