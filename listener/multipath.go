package listener

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// Multipath reports whether the socket of l is MPTCP, and if not, why: it was
// turned off, the network is not TCP, the platform or kernel lacks it, or socket
// options refuse it. What was negotiated with a client is told by its conn:
// (*net.TCPConn).MultipathTCP.
func Multipath(l net.Listener) (on bool, reason error) {
	own, ok := l.(interface{ whyPlain() error })
	if !ok {
		return false, fmt.Errorf("listener: %T is not a listener of this package", l)
	}
	reason = own.whyPlain()
	return reason == nil, reason
}

// plainTCP returns why the socket has to be plain, nil if it may be MPTCP; err
// is for a Config that asks for the impossible.
func plainTCP(c *Config, a address) (reason, err error) {
	switch c.Multipath {
	case sockopt.MultipathDefault, sockopt.MultipathPrefer:
		return refusal(c, a), nil
	case sockopt.MultipathOff:
		return errors.New("listener: Config.Multipath is off"), nil
	case sockopt.MultipathRequire:
		return nil, refusal(c, a)
	}
	return nil, fmt.Errorf("%d is not a mode", c.Multipath)
}

// refusal returns why MPTCP is impossible, as far as can be known without a socket.
func refusal(c *Config, a address) error {
	if p := a.protocol(); p != "tcp" && p != "" { // "" is a bad address, reported by itself
		return fmt.Errorf("listener: MPTCP on network %s: %w", a.network, errors.ErrUnsupported)
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("listener: MPTCP on %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	if c.SteerByCPU {
		return fmt.Errorf("listener: MPTCP with SteerByCPU: %w", errors.ErrUnsupported)
	}
	return c.Options.RefusedByMPTCP()
}

// fallback returns why the kernel made a plain socket though MPTCP was asked
// for, nil if it did not. Package net retries with plain TCP without a word
// when anything fails on the MPTCP socket; first is what failed in Control.
func fallback(socket syscall.Conn, first error) error {
	is, err := isMPTCP(socket)
	switch {
	case err != nil || is:
		return err
	case first != nil:
		return fmt.Errorf("listener: MPTCP refused an option: %w", first)
	}
	return fmt.Errorf("listener: the kernel opened plain TCP, is net.mptcp.enabled 0: %w", errors.ErrUnsupported)
}
