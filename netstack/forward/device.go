package forward

import (
	"errors"
	"strconv"

	"github.com/strata-net/strata/tunx"
)

// Device is a [Forwarder] that is a device itself: what is written to it is forwarded, and
// the answers are read from it.
//
// Write never waits for Read: when nobody has read for 100 ms and 512 packets wait, more of
// them are dropped, as an interface does whose queue is full. Clients send again.
type Device struct {
	*Forwarder
	end *innerEnd
}

var _ tunx.IPDevice = (*Device)(nil)

// NewDevice returns a device of that MTU, in bytes: 1280 to 65535, 0 is 1500. nil is the
// zero Config.
func NewDevice(mtu int, cfg *Config) (*Device, error) {
	if mtu == 0 {
		mtu = 1500
	}
	if mtu < 1280 || mtu > 65535 {
		return nil, &Error{Op: "config", Field: "mtu", Value: strconv.Itoa(mtu), Err: errors.New("not 1280 to 65535")}
	}
	d := newDevice(mtu)
	f, err := New(d.end, cfg)
	if err != nil {
		return nil, err
	}
	d.Forwarder = f
	return d, nil
}

func newDevice(mtu int) *Device {
	return &Device{end: &innerEnd{mtu: mtu, in: newQueue(false), out: newQueue(true)}}
}

// MTU returns the length of the longest packet, in bytes.
func (d *Device) MTU() int { return d.end.mtu }

// Read reads the next packet for the clients, and waits for it. See [tunx.IPDevice].
func (d *Device) Read(p []byte) (int, error) { return d.end.out.take(p) }

// Write takes a packet of a client. See [tunx.IPDevice].
func (d *Device) Write(p []byte) (int, error) {
	if len(p) > d.end.mtu {
		return 0, tunx.ErrMsgSize
	}
	return d.end.in.put(p)
}

// Dropped returns the number of packets that nobody read in time.
func (d *Device) Dropped() uint64 { return d.end.out.dropped.Load() }

// innerEnd is the side of a Device that its stack has.
type innerEnd struct {
	mtu     int
	in, out *queue
}

func (e *innerEnd) MTU() int                    { return e.mtu }
func (e *innerEnd) Read(p []byte) (int, error)  { return e.in.take(p) }
func (e *innerEnd) Write(p []byte) (int, error) { return e.out.put(p) }

func (e *innerEnd) Close() error {
	e.in.close()
	e.out.close()
	return nil
}
