//go:build darwin || windows

package dialer

import (
	"errors"
	"net"
	"runtime"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

func checkDevice(string) error { return nil }

// onDevice binds to the interface by the index that it has at the moment of the dial.
func onDevice(name string, bind sockopt.Options) control {
	next := newControl(bind)
	if name == "" {
		return next
	}
	option := sockopt.IPBoundIf
	if runtime.GOOS == "windows" {
		option = sockopt.IPUnicastIf
	}
	return func(network, address string, c syscall.RawConn) error {
		i, err := net.InterfaceByName(name)
		if err == nil {
			err = sockopt.Options{option.Value(i.Index)}.Control(network, address, c)
		}
		if err != nil {
			err = &Error{Op: "set option", Field: "Interface", Value: name, Err: err}
		}
		if next != nil {
			err = errors.Join(err, next(network, address, c))
		}
		return err
	}
}
