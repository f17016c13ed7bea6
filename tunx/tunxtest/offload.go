package tunxtest

import (
	"bytes"
	"errors"
	"slices"

	"github.com/strata-net/strata/tunx"
)

// offloads skips the test unless the device has offloads.
func (b *deviceBench) offloads() tunx.OffloadDevice {
	b.Helper()
	d, ok := b.Device.(tunx.OffloadDevice)
	if !ok {
		b.Skip("the device is no OffloadDevice")
	}
	return d
}

// offload: a packet that stands for several comes as the same bytes, to a peer that reads
// packets, and from one that writes them.
func offload(b *deviceBench) {
	d := b.offloads()
	most, m := d.MaxSegment(), d.MTU()
	if most < m || most > 65535 {
		b.Fatalf("MaxSegment: %d, with MTU %d", most, m)
	}
	mss := m - ipv4Header - tcpHeader
	whole, o := super(min(most, 10*m)-ipv4Header-tcpHeader, mss)
	if most < 2*m {
		whole, o = super(mss, mss)
		o.Segment, o.HeaderLen = 0, 0
	}
	parts := [][]byte{whole[:10], nil, whole[10:70], whole[70:]}
	before := bytes.Join(parts, nil)
	r := within(b, "write", func() result { n, err := d.WriteOffload(parts, o); return result{n, err} })
	if r.n != len(whole) || r.err != nil {
		b.Fatalf("write of %d bytes: %d, %v", len(whole), r.n, r.err)
	}
	if !bytes.Equal(bytes.Join(parts, nil), before) {
		b.Error("WriteOffload changes the parts")
	}
	clear(whole[70:])
	var payload []byte
	for len(payload) < len(before)-ipv4Header-tcpHeader {
		p := b.read(b.Peer, 65535)
		if len(p) > b.Peer.MTU() || !intact(p) {
			b.Fatalf("a packet of %d bytes with MTU %d, or with a wrong header", len(p), b.Peer.MTU())
		}
		payload = append(payload, p[ipv4Header+tcpHeader:]...)
	}
	if !bytes.Equal(payload, before[ipv4Header+tcpHeader:]) {
		b.Error("the payload is another one")
	}
	b.readsOffload(d)
}

// readsOffload: what a peer writes is read with what is left to do, or whole.
func (b *deviceBench) readsOffload(d tunx.OffloadDevice) {
	b.Helper()
	want := packet(200, 1)
	b.write(b.Peer, want)
	p := make([]byte, d.MaxSegment())
	var o tunx.Offload
	r := within(b, "read", func() result {
		n, got, err := d.ReadOffload(p)
		o = got
		return result{n, err}
	})
	if r.err != nil || !bytes.Equal(p[:max(r.n, 0)], want) && !o.NeedsChecksum {
		b.Errorf("read: %d bytes, %v, want %d", r.n, r.err, len(want))
	}
	if o.Segment != 0 {
		b.Errorf("a single packet with a segment size of %d", o.Segment)
	}
}

// offloadMsgSize: the bounds of packets, and of those that they stand for.
func offloadMsgSize(b *deviceBench) {
	d := b.offloads()
	m := d.MTU()
	long, _ := super(m, m)
	larger, o := super(min(3*m, d.MaxSegment())-ipv4Header-tcpHeader, m)
	for name, f := range map[string]func() (int, error){
		"a packet longer than MTU":         func() (int, error) { return d.WriteOffload([][]byte{long}, tunx.Offload{}) },
		"a packet longer than any":         func() (int, error) { return d.WriteOffload(slices.Repeat([][]byte{long}, 1+65535/m), o) },
		"one whose segments are longer":    func() (int, error) { return d.WriteOffload([][]byte{larger}, o) },
		"a packet longer than MTU, in one": func() (int, error) { return d.Write(long) },
	} {
		if name == "one whose segments are longer" && d.MaxSegment() < 3*m {
			continue
		}
		r := within(b, "write", func() result { n, err := f(); return result{n, err} })
		if r.n != 0 || !errors.Is(r.err, tunx.ErrMsgSize) {
			b.Errorf("%s: %d, %v, want 0, %v", name, r.n, r.err, tunx.ErrMsgSize)
		}
	}
	b.crosses(b.Device, b.Peer, packet(100, 1))
}

// queues: each is a device of its own, and they end together.
func queues(b *deviceBench) {
	d, ok := b.Device.(tunx.MultiQueue)
	if !ok {
		b.Skip("the device is no MultiQueue")
	}
	all := d.Queues()
	if len(all) == 0 {
		b.Fatal("there is no queue")
	}
	for i, q := range all {
		if q.MTU() != d.MTU() {
			b.Errorf("MTU of queue %d: %d, of the device %d", i, q.MTU(), d.MTU())
		}
		b.crosses(q, b.Peer, packet(100, uint32(i)))
	}
	var waiting []<-chan error
	for _, q := range all {
		waiting = append(waiting, start(func() error { _, err := q.Read(make([]byte, 100)); return err }))
	}
	_ = within(b, "close", d.Close) // which others test
	for i, w := range waiting {
		if err := await(b, "read of a queue", w); err == nil {
			b.Errorf("queue %d is open", i)
		}
		if _, err := all[i].Write(packet(100, 1)); !errors.Is(err, tunx.ErrClosed) {
			b.Errorf("write to queue %d: %v, want %v", i, err, tunx.ErrClosed)
		}
	}
}
