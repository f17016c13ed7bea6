package tun

import (
	"os"

	"github.com/strata-net/strata/tunx"
)

// A Device is an open TUN interface. All of its methods may be called at the same time.
//
// With several queues Read, Write and their offloading forms use all of them; it is faster
// to give each of [Device.Queues] a goroutine of its own, and not to mix the two.
type Device struct{ *device }

var (
	_ tunx.OffloadDevice = (*Device)(nil)
	_ tunx.MultiQueue    = (*Device)(nil)
)

// Open opens an interface. It is down: package tunx/link, or ip-link(8), sets it up. A nil
// config is the zero one.
//
// On Linux it needs CAP_NET_ADMIN, or a persistent interface that the user owns; Windows
// and macOS want an administrator. Elsewhere it is errors.ErrUnsupported.
func Open(cfg *Config) (*Device, error) {
	c := cfg.orZero()
	if err := c.validate(); err != nil {
		return nil, err
	}
	d, err := open(c)
	if err != nil {
		return nil, err
	}
	return &Device{d}, nil
}

// FromFD makes a Device of a descriptor that somebody else has opened, for instance a VPN
// service of Android. The Device owns it and closes it; after an error the caller still
// does. It becomes non-blocking, which concerns all duplicates of it.
//
// Of the config MTU is what packets are judged by, 0 asks the system, and NoOffload holds.
// Offloads are there when the interface was opened with IFF_VNET_HDR. On Linux it must
// have been opened with IFF_NO_PI. Fields that say how
// to make the interface must be empty.
//
// Linux and macOS. Elsewhere it is errors.ErrUnsupported.
func FromFD(fd uintptr, cfg *Config) (*Device, error) {
	c := cfg.orZero()
	if err := c.validateForeign(); err != nil {
		return nil, err
	}
	d, err := fromFD(fd, c)
	if err != nil {
		return nil, err
	}
	return &Device{d}, nil
}

// FromFile is [FromFD] for a duplicate of the file's descriptor: the file stays the
// caller's.
func FromFile(f *os.File, cfg *Config) (*Device, error) {
	c := cfg.orZero()
	if err := c.validateForeign(); err != nil {
		return nil, err
	}
	d, err := fromFile(f, c)
	if err != nil {
		return nil, err
	}
	return &Device{d}, nil
}

// Name returns the name of the interface.
func (d *Device) Name() string { return d.name() }

// MTU returns the length of the longest packet in bytes. A change of the interface's is
// seen within a second, on Linux and macOS.
func (d *Device) MTU() int { return d.mtu() }

// Read reads a packet. An offloaded one is cut into those that it stands for. It is
// io.EOF after Close. While the interface is down it waits; when it was removed it fails.
func (d *Device) Read(p []byte) (int, error) { return d.read(p) }

// Write writes a packet. One longer than the MTU is [tunx.ErrMsgSize], what is no IP
// packet is EINVAL, and on Linux it is EIO while the interface is down.
func (d *Device) Write(p []byte) (int, error) { return d.write(p) }

// ReadOffload reads a packet of up to MaxSegment bytes.
func (d *Device) ReadOffload(p []byte) (int, tunx.Offload, error) { return d.readOffload(p) }

// WriteOffload writes a packet of up to MaxSegment bytes, in one system call.
func (d *Device) WriteOffload(parts [][]byte, o tunx.Offload) (int, error) {
	return d.writeOffload(parts, o)
}

// MaxSegment returns 65535 with offloads, else MTU.
func (d *Device) MaxSegment() int { return d.maxSegment() }

// Queues returns the queues: each is a device as well, which offloads as this one does.
// Closing one closes all.
func (d *Device) Queues() []tunx.IPDevice { return d.queueDevices() }

// Offloads returns what the kernel offloads, for instance "checksum tcp4 tcp6 udp4 udp6",
// "" for nothing.
func (d *Device) Offloads() string { return d.offloads() }

// Close closes the device: all that wait in Read return io.EOF at once. Unless it is
// persistent the interface is removed, with its addresses and routes.
func (d *Device) Close() error { return d.close() }
