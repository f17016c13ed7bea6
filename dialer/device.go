package dialer

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// control is the type of net.Dialer.Control.
type control = func(network, address string, c syscall.RawConn) error

// A device binds sockets to Config.Interface, the zero value to none: by its name where the system has an option for that, otherwise by the
// index that it has at the moment of the dial.
type device struct {
	name   string
	byName sockopt.Options
	index  *sockopt.Handle[int]
}

// newDevice fails where the system has no such option. The interface need not exist yet.
func newDevice(name string) (device, error) {
	d := device{name: name}
	switch {
	case name == "":
	case sockopt.BindToDevice.Info().Supported:
		d.byName = sockopt.Options{sockopt.BindToDevice.Value(name)}
		return d, d.byName.Check("")
	case sockopt.IPBoundIf.Info().Supported:
		d.index = &sockopt.IPBoundIf
	case runtime.GOOS == "windows": // on Linux IP_UNICAST_IF is only a hint
		d.index = &sockopt.IPUnicastIf
	default:
		return device{}, fmt.Errorf("binding to an interface on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	return d, nil
}

// control looks the index up.
func (d device) control(network, address string, c syscall.RawConn) error {
	i, err := net.InterfaceByName(d.name)
	if err == nil {
		err = sockopt.Options{d.index.Value(i.Index)}.Control(network, address, c)
	}
	if err != nil {
		return &Error{Op: "set option", Field: "Interface", Value: d.name, Err: err}
	}
	return nil
}
