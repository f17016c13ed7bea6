package tun

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/strata-net/strata/tunx"
)

const (
	maxQueues  = 256 // MAX_TAP_QUEUES
	maxSegment = 65535
)

// device is a Device on Linux.
type device struct {
	ifname string
	flags  int // TUN_F_*, what is offloaded
	header bool
	queues []*queue
	any    *anyQueue // nil for a single one
	size   size

	closed atomic.Bool
	once   sync.Once
}

func (d *device) name() string { return d.ifname }

func (d *device) mtu() int { return d.size.get() }

func (d *device) maxSegment() int {
	if d.flags == 0 {
		return d.mtu()
	}
	return maxSegment
}

func (d *device) read(p []byte) (int, error) {
	if d.any != nil {
		n, _, err := d.any.read(p, (*queue).readPlain)
		return n, err
	}
	return d.queues[0].Read(p)
}

func (d *device) readOffload(p []byte) (int, tunx.Offload, error) {
	if d.any != nil {
		return d.any.read(p, (*queue).readLarge)
	}
	return d.queues[0].ReadOffload(p)
}

// The kernel gives the packets of a flow to the queue that its last packet was written
// to: here all to the first.
func (d *device) write(p []byte) (int, error) { return d.queues[0].Write(p) }

func (d *device) writeOffload(parts [][]byte, o tunx.Offload) (int, error) {
	return d.queues[0].WriteOffload(parts, o)
}

func (d *device) queueDevices() []tunx.IPDevice {
	devices := make([]tunx.IPDevice, len(d.queues))
	for i, q := range d.queues {
		devices[i] = q
	}
	return devices
}

func (d *device) close() error {
	var fail error
	d.once.Do(func() {
		d.closed.Store(true)
		var errs []error
		if d.any != nil {
			errs = append(errs, d.any.file.Close())
		}
		for _, q := range d.queues {
			errs = append(errs, q.file.Close())
		}
		errs = append(errs, d.size.close())
		if err := errors.Join(errs...); err != nil {
			fail = &Error{Op: "close", Name: d.ifname, Err: err}
		}
	})
	return fail
}
