package dialer

import (
	"errors"
	"fmt"
	"net"
	"runtime"

	"github.com/strata-net/strata/sockopt"
)

// Multipath reports whether the TCP conns of d are opened as MPTCP, and if not,
// why: it was not asked for, the platform lacks it, or socket options refuse it
// (the reason is then what sockopt.Options.RefusedByMPTCP says). What was
// negotiated with a peer is told by its conn: (*net.TCPConn).MultipathTCP.
func Multipath(d Dialer) (on bool, reason error) {
	own, ok := d.(*dialer)
	if !ok {
		return false, fmt.Errorf("dialer: %T is not a dialer of this package", d)
	}
	return own.plain == nil, own.plain
}

// plainTCP returns why conns are plain TCP, nil if they are to be MPTCP; err is
// for a Config that asks for the impossible.
func plainTCP(c *Config) (reason, err error) {
	switch c.Multipath {
	case sockopt.MultipathDefault:
		return errors.New("dialer: plain TCP is the default"), nil
	case sockopt.MultipathOff:
		return errors.New("dialer: Config.Multipath is off"), nil
	case sockopt.MultipathPrefer:
		return refusal(c.Options), nil
	case sockopt.MultipathRequire:
		return nil, refusal(c.Options)
	}
	return nil, fmt.Errorf("%d is not a mode", c.Multipath)
}

// refusal returns why MPTCP is impossible, as far as can be known without a socket.
func refusal(o sockopt.Options) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("dialer: MPTCP on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	if fastOpens(o) {
		return errFastMultipath
	}
	return o.RefusedByMPTCP()
}

// Measured on Linux 6.18 over a link with a delay: the SYN with the data is acknowledged, and then nothing of what
// either side sends is ever read, if the server is an MPTCP one with Fast Open.
var errFastMultipath = errors.New("dialer: TCP_FASTOPEN_CONNECT makes Multipath TCP conns hang")

// negotiated fails unless the conn really is MPTCP: package net falls back to
// plain TCP without a word when the kernel refuses, and the kernel does when
// the peer does not answer with MPTCP.
func negotiated(c *net.TCPConn) error {
	on, err := c.MultipathTCP()
	if err == nil && !on {
		err = errors.New("the conn fell back to plain TCP")
	}
	return err
}
