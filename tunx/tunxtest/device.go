package tunxtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/strata-net/strata/tunx"
)

// Devices are what TestIPDevice tests: what is written to one is read from the other.
type Devices struct {
	// Device is tested. Peer only has to be a device that works, with the same MTU.
	Device, Peer tunx.IPDevice
}

// TestIPDevice tests a device, and as an OffloadDevice and MultiQueue if it is one. Each
// test has devices of its own, and closes them.
func TestIPDevice(t *testing.T, devices func(t *testing.T) *Devices) {
	for _, each := range deviceTests {
		t.Run(each.name, func(t *testing.T) {
			noLeak(t)
			each.run(setDevices(t, devices(t)))
		})
	}
}

func setDevices(t testing.TB, d *Devices) *deviceBench {
	t.Cleanup(func() {
		d.Device.Close()
		d.Peer.Close()
	})
	return &deviceBench{t, d}
}

// deviceBench is a test with devices.
type deviceBench struct {
	testing.TB
	*Devices
}

var deviceTests = []test[*deviceBench]{
	{"MTU", mtu},
	{"Delivers", delivers},
	{"KeepsNothing", keepsNothing},
	{"Cuts", cuts},
	{"MsgSize", msgSize},
	{"Garbage", garbage},
	{"Concurrent", concurrent},
	{"CloseWakesRead", closeWakesRead},
	{"CloseWakesWrite", closeWakesWrite},
	{"Closed", closedDevice},
	{"CloseAtOnce", closeAtOnce},
	{"Offload", offload},
	{"OffloadMsgSize", offloadMsgSize},
	{"Queues", queues},
}

// result is what Read and Write return.
type result struct {
	n   int
	err error
}

// write writes a packet, which has to be possible.
func (b *deviceBench) write(d tunx.IPDevice, p []byte) {
	b.Helper()
	r := within(b, "write", func() result { n, err := d.Write(p); return result{n, err} })
	if r.n != len(p) || r.err != nil {
		b.Fatalf("write of %d bytes: %d, %v", len(p), r.n, r.err)
	}
}

// read reads a packet into room bytes.
func (b *deviceBench) read(d tunx.IPDevice, room int) []byte {
	b.Helper()
	p := make([]byte, room)
	r := within(b, "read", func() result { n, err := d.Read(p); return result{n, err} })
	if r.err != nil || r.n < 0 || r.n > room {
		b.Fatalf("read: %d, %v", r.n, r.err)
	}
	return p[:r.n]
}

// crosses proves that a packet comes out as it went in.
func (b *deviceBench) crosses(from, to tunx.IPDevice, p []byte) {
	b.Helper()
	b.write(from, p)
	if got := b.read(to, from.MTU()); !bytes.Equal(got, p) {
		b.Fatalf("a packet of %d bytes came as one of %d, or changed", len(p), len(got))
	}
}

// mtu: it is that of a network on which IP can be spoken, and does not change.
func mtu(b *deviceBench) {
	m := b.Device.MTU()
	if m < 68 || m > 65535 {
		b.Errorf("MTU: %d", m)
	}
	if again := b.Device.MTU(); again != m {
		b.Errorf("MTU: %d, then %d", m, again)
	}
}

// delivers: packets of all lengths, both ways, in order, one a call.
func delivers(b *deviceBench) {
	m := b.Device.MTU()
	for i, n := range []int{minPacket, minPacket + 1, m / 2, m - 1, m} {
		b.crosses(b.Device, b.Peer, packet(n, uint32(i)))
		b.crosses(b.Peer, b.Device, packet(n, uint32(i)))
	}
	for _, way := range [][2]tunx.IPDevice{{b.Device, b.Peer}, {b.Peer, b.Device}} {
		for i := range uint32(10) {
			b.write(way[0], packet(minPacket+int(i), i))
		}
		for i := range uint32(10) {
			if got := b.read(way[1], m); !bytes.Equal(got, packet(minPacket+int(i), i)) {
				b.Fatalf("packet %d came as %d with %d bytes", i, seedOf(got), len(got))
			}
		}
	}
}

// keepsNothing: the buffer of a Write is the caller's before and after.
func keepsNothing(b *deviceBench) {
	p, q := packet(200, 1), packet(200, 2)
	buffer := bytes.Clone(p)
	b.write(b.Device, buffer)
	if !bytes.Equal(buffer, p) {
		b.Error("Write changes the packet")
	}
	copy(buffer, q)
	if !bytes.Equal(b.read(b.Peer, 200), p) {
		b.Error("Write keeps the buffer")
	}
	got := b.read(afterWrite(b, p), 200)
	b.write(b.Peer, q)
	b.read(b.Device, 200)
	if !bytes.Equal(got, p) {
		b.Error("Read hands out a buffer that it uses again")
	}
}

// afterWrite writes to the peer and returns the device.
func afterWrite(b *deviceBench, p []byte) tunx.IPDevice {
	b.Helper()
	b.write(b.Peer, p)
	return b.Device
}

// cuts: a short buffer gets what fits, and the next packet is whole.
func cuts(b *deviceBench) {
	p, q := packet(200, 1), packet(100, 2)
	b.write(b.Peer, p)
	b.write(b.Peer, q)
	if got := b.read(b.Device, 50); !bytes.Equal(got, p[:50]) {
		b.Errorf("a read into 50 bytes returned %d, or others", len(got))
	}
	if got := b.read(b.Device, 1000); !bytes.Equal(got, q) {
		b.Error("what was cut off comes with the next read")
	}
}

// msgSize: what is longer than MTU is refused, and sent in no part.
func msgSize(b *deviceBench) {
	m := b.Device.MTU()
	for _, n := range []int{m + 1, m + 1000, 1 << 17} {
		p := make([]byte, n)
		copy(p, packet(m, 1))
		r := within(b, "write", func() result { n, err := b.Device.Write(p); return result{n, err} })
		if r.n != 0 || !errors.Is(r.err, tunx.ErrMsgSize) {
			b.Errorf("write of %d bytes with MTU %d: %d, %v, want 0, %v", n, m, r.n, r.err, tunx.ErrMsgSize)
		}
	}
	b.crosses(b.Device, b.Peer, packet(100, 2))
}

// garbage: what is no IP packet does no harm, whether it is refused or not.
func garbage(b *deviceBench) {
	pieces := [][]byte{nil, {}, {0x45}, {0x60, 0, 0, 0, 0, 0}, packet(100, 2)[:9], packet(100, 1)[:39], make([]byte, 40), bytes.Repeat([]byte{0xff}, 100)}
	accepted := 0
	for _, p := range pieces {
		if within(b, "write", func() error { _, err := b.Device.Write(p); return err }) == nil {
			accepted++
		}
	}
	want := packet(100, 4711)
	b.write(b.Device, want)
	for range accepted + 1 {
		if bytes.Equal(b.read(b.Peer, b.Device.MTU()), want) {
			return
		}
	}
	b.Error("a packet after garbage does not come")
}

// concurrent: packets of several writers come once each, whole, to several readers.
func concurrent(b *deviceBench) {
	const workers, each = 4, 100
	t := &tally{seen: make(map[uint32]int), slots: make(chan struct{}, 16), stop: make(chan struct{})}
	var group sync.WaitGroup
	for w := range uint32(workers) {
		group.Go(func() { t.readAll(b.Peer) })
		group.Go(func() {
			for i := range uint32(each) {
				t.write(b.Device, w*each+i+1)
			}
		})
	}
	defer func() {
		b.Device.Close()
		b.Peer.Close()
		close(t.stop)
		within(b, "close", func() bool { group.Wait(); return true })
	}()
	eventually(b, "all packets", func() bool { n, err := t.count(); return err != nil || n == workers*each })
	if _, err := t.count(); err != nil {
		b.Error(err)
	}
}

// tally counts packets that cross a device.
type tally struct {
	slots chan struct{} // what is on its way, so that a short queue of the device is enough
	stop  chan struct{}

	mu     sync.Mutex
	seen   map[uint32]int // by seed
	failed error
}

func (t *tally) count() (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.seen), t.failed
}

func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed = err
}

func (t *tally) write(d tunx.IPDevice, seed uint32) {
	select {
	case t.slots <- struct{}{}:
	case <-t.stop:
		return
	}
	if _, err := d.Write(packet(minPacket+int(seed%500), seed)); err != nil {
		t.fail(err)
	}
}

func (t *tally) readAll(d tunx.IPDevice) {
	for p := make([]byte, d.MTU()); ; {
		n, err := d.Read(p)
		if err != nil {
			return
		}
		t.note(p[:n])
		select {
		case <-t.slots:
		case <-t.stop:
		}
	}
}

func (t *tally) note(p []byte) {
	seed := seedOf(p)
	if !bytes.Equal(p, packet(minPacket+int(seed%500), seed)) {
		t.fail(errors.New("a packet came in pieces"))
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen[seed]++; t.seen[seed] > 1 {
		t.failed = fmt.Errorf("packet %d came %d times", seed, t.seen[seed])
	}
}

// closeWakesRead: all readers come to the end.
func closeWakesRead(b *deviceBench) {
	var waiting []<-chan error
	for range 3 {
		waiting = append(waiting, start(func() error { _, err := b.Device.Read(make([]byte, 100)); return err }))
	}
	time.Sleep(10 * time.Millisecond) // so that most of them wait; those that do not are right as well
	if err := within(b, "close", b.Device.Close); err != nil {
		b.Errorf("close: %v", err)
	}
	for _, w := range waiting {
		if err := await(b, "read of a device that is closed", w); err != io.EOF { //nolint:errorlint // bare, as io.Reader has it
			b.Errorf("read: %v, want %v", err, io.EOF)
		}
	}
}

// closeWakesWrite: who waits because nobody reads is told.
func closeWakesWrite(b *deviceBench) {
	waiting := start(func() error {
		p := packet(b.Device.MTU(), 1)
		for {
			if _, err := b.Device.Write(p); err != nil {
				return err
			}
		}
	})
	time.Sleep(10 * time.Millisecond)      // so that it waits; if it does not, it is told all the same
	_ = within(b, "close", b.Device.Close) // which others test
	if err := await(b, "write to a device that is closed", waiting); !errors.Is(err, tunx.ErrClosed) {
		b.Errorf("write: %v, want %v", err, tunx.ErrClosed)
	}
}

// closedDevice: what comes after Close is told, for ever.
func closedDevice(b *deviceBench) {
	for range 2 {
		if err := within(b, "close", b.Device.Close); err != nil {
			b.Errorf("close: %v", err)
		}
		r := within(b, "read", func() result { n, err := b.Device.Read(make([]byte, 100)); return result{n, err} })
		if r != (result{0, io.EOF}) {
			b.Errorf("read: %d, %v, want 0, %v", r.n, r.err, io.EOF)
		}
		r = within(b, "write", func() result { n, err := b.Device.Write(packet(100, 1)); return result{n, err} })
		if r.n != 0 || !errors.Is(r.err, tunx.ErrClosed) || !errors.Is(r.err, net.ErrClosed) {
			b.Errorf("write: %d, %v, want 0, %v", r.n, r.err, tunx.ErrClosed)
		}
	}
}

// closeAtOnce: several goroutines close while others use the device.
func closeAtOnce(b *deviceBench) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				if _, err := b.Device.Write(packet(100, 1)); errors.Is(err, tunx.ErrClosed) {
					return
				}
			}
		})
		group.Go(func() {
			for {
				if _, err := b.Device.Read(make([]byte, 100)); err != nil {
					return
				}
			}
		})
		group.Go(func() {
			for {
				if _, err := b.Peer.Read(make([]byte, 100)); err != nil {
					return
				}
			}
		})
	}
	b.write(b.Peer, packet(100, 1))
	for range 4 {
		group.Go(func() {
			if err := b.Device.Close(); err != nil {
				b.Errorf("close: %v", err)
			}
		})
	}
	group.Go(func() { b.Peer.Close() })
	within(b, "close", func() bool { group.Wait(); return true })
}
