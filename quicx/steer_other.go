//go:build !linux

package quicx

import (
	"errors"
	"net"
)

func steer(*net.UDPConn, int) error { return errors.ErrUnsupported }

// steers reports whether sockets can share a port here.
const steers = false
