//go:build windows || darwin

package tun

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/strata-net/strata/tunx"
)

const maxQueues = 1

// headroom is what the library wants to have before a packet: the address family on macOS.
const headroom = 4

// device is a Device over the library's, of which one goroutine at a time may read, and
// one write.
type device struct {
	native tun.Device
	ifname string
	size   atomic.Int64
	fixed  bool // the MTU is what the config says

	closed atomic.Bool
	once   sync.Once

	reading sync.Mutex
	in      [][]byte // a batch
	lengths []int    // of those
	next    int      // the first that has not been read
	count   int      // of them

	writing sync.Mutex
	out     [1][]byte
}

// newDevice takes over the library's device. An MTU that is not 0 is fixed.
func newDevice(native tun.Device, name string, mtu int) (*device, error) {
	d := &device{native: native, ifname: name, fixed: mtu != 0}
	d.size.Store(int64(mtu))
	if err := d.ask(); err != nil {
		return nil, errors.Join(&Error{Op: "open", Name: name, Field: "MTU", Value: "0", Err: err}, native.Close())
	}
	batch := max(native.BatchSize(), 1)
	d.in, d.lengths = make([][]byte, batch), make([]int, batch)
	for i := range d.in {
		d.in[i] = make([]byte, headroom+maxMTU)
	}
	d.out[0] = make([]byte, 0, headroom+maxMTU)
	go d.follow()
	return d, nil
}

// follow takes the library's events, until it closes their channel after Close.
func (d *device) follow() {
	for event := range d.native.Events() {
		if event&tun.EventMTUUpdate != 0 {
			_ = d.ask() // what it was is as good as anything
		}
	}
}

func (d *device) ask() error {
	if d.fixed {
		return nil
	}
	mtu, err := d.native.MTU()
	if err == nil {
		d.size.Store(int64(mtu))
	}
	return err
}

func (d *device) name() string                  { return d.ifname }
func (d *device) mtu() int                      { return int(d.size.Load()) }
func (d *device) maxSegment() int               { return d.mtu() }
func (d *device) offloads() string              { return "" }
func (d *device) queueDevices() []tunx.IPDevice { return []tunx.IPDevice{&Device{d}} }

func (d *device) read(p []byte) (int, error) {
	d.reading.Lock()
	defer d.reading.Unlock()
	for d.next == d.count {
		if d.closed.Load() {
			return 0, io.EOF
		}
		n, err := d.native.Read(d.in, d.lengths, headroom)
		d.next, d.count = 0, n
		if n > 0 || err == nil || errors.Is(err, tun.ErrTooManySegments) {
			continue
		}
		if d.closed.Load() {
			return 0, io.EOF
		}
		return 0, &Error{Op: "read", Name: d.ifname, Err: err}
	}
	i := d.next
	d.next++
	return copy(p, d.in[i][headroom:][:d.lengths[i]]), nil
}

func (d *device) readOffload(p []byte) (int, tunx.Offload, error) {
	n, err := d.read(p)
	return n, tunx.Offload{}, err
}

func (d *device) write(p []byte) (int, error) {
	if err := d.check(p, len(p), tunx.Offload{}); err != nil {
		return 0, err
	}
	if err := d.send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (d *device) writeOffload(parts [][]byte, o tunx.Offload) (int, error) {
	length := 0
	for _, p := range parts {
		length += len(p)
	}
	var h headers
	if err := d.check(begin(&h, parts), length, o); err != nil {
		return 0, err
	}
	if err := complete(bytes.Join(parts, nil), o, d.send); err != nil {
		return 0, err
	}
	return length, nil
}

func (d *device) check(head []byte, length int, o tunx.Offload) error {
	if d.closed.Load() {
		return d.writeError(tunx.ErrClosed)
	}
	if err := checkPacket(head, length, d.mtu(), d.mtu(), o); err != nil {
		return d.writeError(err)
	}
	return nil
}

// send writes a copy of p, because the library writes before it.
func (d *device) send(p []byte) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.out[0] = append(d.out[0][:headroom], p...)
	_, err := d.native.Write(d.out[:], headroom)
	switch {
	case err == nil:
		return nil
	case d.closed.Load():
		return d.writeError(tunx.ErrClosed)
	}
	return d.writeError(err)
}

func (d *device) writeError(err error) error {
	return &Error{Op: "write", Name: d.ifname, Err: err}
}

func (d *device) close() error {
	var fail error
	d.once.Do(func() {
		d.closed.Store(true)
		if err := d.native.Close(); err != nil {
			fail = &Error{Op: "close", Name: d.ifname, Err: err}
		}
	})
	return fail
}
