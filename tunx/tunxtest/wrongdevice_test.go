package tunxtest_test

import (
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/tunxtest"
)

// device is a pipe's end that does one thing in another way.
type device struct {
	tunx.OffloadDevice

	mtu     func() int
	read    func(p []byte) (int, error)
	write   func(p []byte) (int, error)
	closing func() error
	largest func() int
	offload func(parts [][]byte, o tunx.Offload) (int, error)
	queues  func() []tunx.IPDevice
}

func (d *device) MTU() int {
	if d.mtu != nil {
		return d.mtu()
	}
	return d.OffloadDevice.MTU()
}

func (d *device) Read(p []byte) (int, error) {
	if d.read != nil {
		return d.read(p)
	}
	return d.OffloadDevice.Read(p)
}

func (d *device) Write(p []byte) (int, error) {
	if d.write != nil {
		return d.write(p)
	}
	return d.OffloadDevice.Write(p)
}

func (d *device) Close() error {
	if d.closing != nil {
		return d.closing()
	}
	return d.OffloadDevice.Close()
}

func (d *device) MaxSegment() int {
	if d.largest != nil {
		return d.largest()
	}
	return d.OffloadDevice.MaxSegment()
}

func (d *device) WriteOffload(parts [][]byte, o tunx.Offload) (int, error) {
	if d.offload != nil {
		return d.offload(parts, o)
	}
	return d.OffloadDevice.WriteOffload(parts, o)
}

func (d *device) Queues() []tunx.IPDevice {
	if d.queues != nil {
		return d.queues()
	}
	return []tunx.IPDevice{d.OffloadDevice}
}

// runDevice runs a test on a device that a function has made wrong.
func runDevice(t *testing.T, name string, wrong func(*device)) []string {
	t.Helper()
	a, b := tunx.Pipe(0)
	d := &device{OffloadDevice: a.(tunx.OffloadDevice)}
	wrong(d)
	defer a.Close()
	defer b.Close()
	return record(t, func(t testing.TB) { tunxtest.RunDevice(t, &tunxtest.Devices{Device: d, Peer: b}, name) })
}

// A device that does everything right passes every test.
func TestRightDevice(t *testing.T) {
	for _, name := range tunxtest.DeviceTests() {
		assert.Empty(t, runDevice(t, name, func(*device) {}), name)
	}
}

// A device that does one thing wrong fails the tests that are there for it.
func TestWrongDevice(t *testing.T) {
	tunxtest.NoLeak(t)
	tunxtest.SetPatience(t, 300*time.Millisecond)
	for name, each := range wrongDevices {
		if raceEnabled && name == "keeps the packet" {
			continue // the race detector itself sees it
		}
		t.Run(name, func(t *testing.T) {
			for _, test := range each.tests {
				assert.NotEmpty(t, runDevice(t, test, each.wrong), "%s does not see it", test)
			}
		})
	}
}

var errWrong = errors.New("wrong")

var wrongDevices = map[string]struct {
	wrong func(*device)
	tests []string
}{
	"MTU 0": {func(d *device) { d.mtu = func() int { return 0 } }, []string{"MTU"}},
	"MTU changes": {func(d *device) {
		n := 1500
		d.mtu = func() int { n--; return n }
	}, []string{"MTU"}},
	"loses": {func(d *device) {
		d.write = func(p []byte) (int, error) { return len(p), nil }
	}, []string{"Delivers", "KeepsNothing", "MsgSize", "Concurrent"}},
	"loses what it reads": {func(d *device) {
		d.read = func([]byte) (int, error) { return 0, nil }
	}, []string{"Delivers", "KeepsNothing", "Cuts", "CloseWakesRead", "Closed"}},
	"fails": {func(d *device) {
		d.write = func([]byte) (int, error) { return 0, errWrong }
		d.read = func([]byte) (int, error) { return 0, errWrong }
	}, []string{"Delivers", "Concurrent", "CloseWakesRead", "Closed", "MsgSize"}},
	"exchanges packets": {func(d *device) {
		var kept []byte
		d.write = func(p []byte) (int, error) {
			if kept == nil {
				kept = append(kept, p...)
				return len(p), nil
			}
			d.OffloadDevice.Write(p)
			_, err := d.OffloadDevice.Write(kept)
			kept = nil
			return len(p), err
		}
	}, []string{"Delivers"}},
	"twice": {func(d *device) {
		d.write = func(p []byte) (int, error) {
			d.OffloadDevice.Write(p)
			return d.OffloadDevice.Write(p)
		}
	}, []string{"Delivers", "Concurrent"}},
	"mixes writers": {func(d *device) {
		var mu sync.Mutex
		var shared [1500]byte
		d.write = func(p []byte) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			if p[len(p)-1]%2 == 0 {
				copy(shared[:], p)
			}
			return d.OffloadDevice.Write(shared[:len(p)])
		}
	}, []string{"Concurrent"}},
	"changes the packet": {func(d *device) {
		d.write = func(p []byte) (int, error) {
			n, err := d.OffloadDevice.Write(p)
			clear(p)
			return n, err
		}
	}, []string{"KeepsNothing"}},
	"keeps the packet": {func(d *device) {
		d.write = func(p []byte) (int, error) {
			time.AfterFunc(20*time.Millisecond, func() { d.OffloadDevice.Write(p) })
			return len(p), nil
		}
	}, []string{"KeepsNothing"}},
	"keeps what it read into": {func(d *device) {
		var last []byte
		d.read = func(p []byte) (int, error) {
			n, err := d.OffloadDevice.Read(p)
			clear(last)
			last = p[:n]
			return n, err
		}
	}, []string{"KeepsNothing"}},
	"gives the rest": {func(d *device) {
		var rest []byte
		d.read = func(p []byte) (int, error) {
			if len(rest) > 0 {
				n := copy(p, rest)
				rest = rest[n:]
				return n, nil
			}
			whole := make([]byte, 1500)
			n, err := d.OffloadDevice.Read(whole)
			m := copy(p, whole[:n])
			rest = whole[m:n]
			return m, err
		}
	}, []string{"Cuts"}},
	"says that it cuts": {func(d *device) {
		d.read = func(p []byte) (int, error) {
			n, err := d.OffloadDevice.Read(p)
			if n == len(p) {
				err = io.ErrShortBuffer
			}
			return n, err
		}
	}, []string{"Cuts"}},
	"cuts what is too long": {func(d *device) {
		d.write = func(p []byte) (int, error) {
			_, err := d.OffloadDevice.Write(p[:min(len(p), 1500)])
			return len(p), err
		}
	}, []string{"MsgSize"}},
	"counts what it refuses": {func(d *device) {
		d.write = func(p []byte) (int, error) {
			_, err := d.OffloadDevice.Write(p)
			return len(p), err
		}
	}, []string{"MsgSize", "Closed"}},
	"hangs with garbage": {func(d *device) {
		d.write = func(p []byte) (int, error) {
			if len(p) == 9 {
				time.Sleep(time.Second)
			}
			return d.OffloadDevice.Write(p)
		}
	}, []string{"Garbage"}},
	"ends with garbage": {func(d *device) {
		ended := false
		d.write = func(p []byte) (int, error) {
			if ended = ended || len(p) == 6; ended {
				return len(p), nil
			}
			return d.OffloadDevice.Write(p)
		}
	}, []string{"Garbage"}},
	"Close does not wake": {func(d *device) {
		d.closing = func() error { return nil }
	}, []string{"CloseWakesRead", "CloseWakesWrite", "Closed"}},
	"Close hangs": {func(d *device) {
		d.closing = func() error {
			time.Sleep(time.Second)
			return nil
		}
	}, []string{"CloseWakesRead"}},
	"another end": {func(d *device) {
		d.read = func(p []byte) (int, error) {
			n, err := d.OffloadDevice.Read(p)
			if err != nil {
				err = tunx.ErrClosed
			}
			return n, err
		}
		d.write = func(p []byte) (int, error) {
			n, err := d.OffloadDevice.Write(p)
			if err != nil {
				err = io.ErrClosedPipe
			}
			return n, err
		}
	}, []string{"CloseWakesRead", "CloseWakesWrite", "Closed", "MsgSize"}},
	"second Close fails": {func(d *device) {
		var mu sync.Mutex
		closed := false
		d.closing = func() error {
			mu.Lock()
			defer mu.Unlock()
			if closed {
				return tunx.ErrClosed
			}
			closed = true
			return d.OffloadDevice.Close()
		}
	}, []string{"Closed", "CloseAtOnce"}},
	"Close fails": {func(d *device) {
		d.closing = func() error {
			d.OffloadDevice.Close()
			return errWrong
		}
	}, []string{"Closed", "CloseWakesRead"}},
	"offload is ignored": {func(d *device) {
		d.offload = func(parts [][]byte, _ tunx.Offload) (int, error) {
			return d.OffloadDevice.WriteOffload(parts, tunx.Offload{})
		}
	}, []string{"Offload"}},
	"checksum is forgotten": {func(d *device) {
		d.offload = func(parts [][]byte, o tunx.Offload) (int, error) {
			n := 0
			for _, p := range parts {
				n += len(p)
			}
			whole := append(append(append([]byte(nil), parts[0]...), parts[2]...), parts[3]...)
			for at := 40; at < n; at += int(o.Segment) {
				d.OffloadDevice.Write(append(append([]byte(nil), whole[:40]...), whole[at:min(n, at+int(o.Segment))]...))
			}
			return n, nil
		}
	}, []string{"Offload"}},
	"offload changes the parts": {func(d *device) {
		d.offload = func(parts [][]byte, o tunx.Offload) (int, error) {
			n, err := d.OffloadDevice.WriteOffload(parts, o)
			clear(parts[0])
			return n, err
		}
	}, []string{"Offload"}},
	"offload takes too much": {func(d *device) {
		d.offload = func(parts [][]byte, _ tunx.Offload) (n int, _ error) {
			for _, p := range parts {
				n += len(p)
			}
			return n, nil
		}
	}, []string{"OffloadMsgSize"}},
	"offload carries another payload": {func(d *device) {
		d.offload = func(parts [][]byte, o tunx.Offload) (int, error) {
			other := make([]byte, len(parts[3]))
			return d.OffloadDevice.WriteOffload([][]byte{parts[0], parts[2], other}, o)
		}
	}, []string{"Offload"}},
	"MaxSegment is less than MTU": {func(d *device) { d.largest = func() int { return 1000 } }, []string{"Offload"}},
	"no queues":                   {func(d *device) { d.queues = func() []tunx.IPDevice { return nil } }, []string{"Queues"}},
	"a queue with another MTU": {func(d *device) {
		d.queues = func() []tunx.IPDevice {
			return []tunx.IPDevice{&device{OffloadDevice: d.OffloadDevice, mtu: func() int { return 1400 }}}
		}
	}, []string{"Queues"}},
	"a queue that stays open": {func(d *device) {
		d.queues = func() []tunx.IPDevice {
			return []tunx.IPDevice{&device{OffloadDevice: d.OffloadDevice,
				read:  func([]byte) (int, error) { return 0, nil },
				write: func(p []byte) (int, error) { d.OffloadDevice.Write(p); return len(p), nil },
			}}
		}
	}, []string{"Queues"}},
}
