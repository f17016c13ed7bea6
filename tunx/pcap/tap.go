package pcap

import (
	"io"
	"time"

	"github.com/strata-net/strata/tunx"
)

// Tap returns a device that is dev, and the capture of all that passes through it: what is
// read is inbound, what is written outbound. It is a [tunx.OffloadDevice] and a
// [tunx.MultiQueue] if dev is; packets carry the number of their queue. A nil config is
// the zero one.
//
// The device does not wait for the writer: what that cannot take in time is dropped from
// the capture, and counted there and in the file. The beginning of the file is written at
// once. Closing the device ends the capture, but only [Capture.Close] waits for it.
func Tap(dev tunx.IPDevice, w io.Writer, cfg *Config) (tunx.IPDevice, *Capture, error) {
	config, err := cfg.normal()
	if err != nil {
		return nil, nil, err
	}
	c, err := newCapture(w, config)
	if err != nil {
		return nil, nil, err
	}
	return c.tap(dev), c, nil
}

// tap wraps the device as what it is.
func (c *Capture) tap(dev tunx.IPDevice) tunx.IPDevice {
	m, ok := dev.(tunx.MultiQueue)
	if !ok {
		return c.wrap(dev, -1)
	}
	var several queues
	for i, q := range m.Queues() {
		several.all = append(several.all, c.wrap(q, i))
	}
	t := &tapped{IPDevice: dev, capture: c, queue: -1}
	if o, ok := dev.(tunx.OffloadDevice); ok {
		return &struct {
			*offloading
			queues
		}{&offloading{t, o}, several}
	}
	return &struct {
		*tapped
		queues
	}{t, several}
}

// wrap wraps a device, or the queue of one.
func (c *Capture) wrap(dev tunx.IPDevice, queue int) tunx.IPDevice {
	t := &tapped{IPDevice: dev, capture: c, queue: queue}
	if o, ok := dev.(tunx.OffloadDevice); ok {
		return &offloading{tapped: t, device: o}
	}
	return t
}

type queues struct{ all []tunx.IPDevice }

func (q queues) Queues() []tunx.IPDevice { return append([]tunx.IPDevice(nil), q.all...) }

// tapped is a device with a capture.
type tapped struct {
	tunx.IPDevice

	capture *Capture
	queue   int // -1 for none
}

func (t *tapped) Close() error {
	err := t.IPDevice.Close()
	if t.queue < 0 {
		t.capture.end()
	}
	return err
}

func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.IPDevice.Read(p)
	if err == nil {
		t.capture.passed(time.Now(), inbound, t.queue, n, tunx.Offload{}, p[:n])
	}
	return n, err
}

func (t *tapped) Write(p []byte) (int, error) {
	at := time.Now() // the answer may be read before Write returns
	n, err := t.IPDevice.Write(p)
	if err == nil {
		t.capture.passed(at, outbound, t.queue, len(p), tunx.Offload{}, p)
	}
	return n, err
}

// offloading is a device with offloads and a capture.
type offloading struct {
	*tapped

	device tunx.OffloadDevice
}

func (t *offloading) MaxSegment() int { return t.device.MaxSegment() }

func (t *offloading) ReadOffload(p []byte) (int, tunx.Offload, error) {
	n, o, err := t.device.ReadOffload(p)
	if err == nil {
		t.capture.passed(time.Now(), inbound, t.queue, n, o, p[:n])
	}
	return n, o, err
}

func (t *offloading) WriteOffload(parts [][]byte, o tunx.Offload) (int, error) {
	at := time.Now()
	n, err := t.device.WriteOffload(parts, o)
	if err == nil {
		t.capture.passed(at, outbound, t.queue, n, o, parts...)
	}
	return n, err
}
