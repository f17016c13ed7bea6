//go:build !linux && !windows && !darwin

package tun

import (
	"os"

	"github.com/strata-net/strata/tunx"
)

const maxQueues = 1

// device exists nowhere else: open and its kin refuse.
type device struct{ tunx.OffloadDevice }

func checkName(string) error { return nil }

func open(*Config) (*device, error) {
	return nil, &Error{Op: "open", Err: unsupported("TUN interfaces")}
}

func fromFD(uintptr, *Config) (*device, error) {
	return nil, &Error{Op: "open", Err: unsupported("TUN interfaces")}
}

func fromFile(*os.File, *Config) (*device, error) {
	return nil, &Error{Op: "open", Err: unsupported("TUN interfaces")}
}

func (d *device) name() string                  { return "" }
func (d *device) mtu() int                      { return d.OffloadDevice.MTU() }
func (d *device) maxSegment() int               { return d.OffloadDevice.MaxSegment() }
func (d *device) read(p []byte) (int, error)    { return d.OffloadDevice.Read(p) }
func (d *device) write(p []byte) (int, error)   { return d.OffloadDevice.Write(p) }
func (d *device) close() error                  { return d.OffloadDevice.Close() }
func (d *device) offloads() string              { return "" }
func (d *device) queueDevices() []tunx.IPDevice { return []tunx.IPDevice{d.OffloadDevice} }
func (d *device) readOffload(p []byte) (int, tunx.Offload, error) {
	return d.OffloadDevice.ReadOffload(p)
}

func (d *device) writeOffload(parts [][]byte, o tunx.Offload) (int, error) {
	return d.OffloadDevice.WriteOffload(parts, o)
}
