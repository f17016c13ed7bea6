package socketz

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// maxDepth bounds how many conns are looked for beneath one.
const maxDepth = 8

// descriptor returns what has the descriptor of a conn; nil if nothing has.
func descriptor(conn any) syscall.Conn {
	for range maxDepth {
		if c, ok := conn.(syscall.Conn); ok {
			return c
		}
		beneath, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return nil
		}
		conn = beneath.NetConn()
	}
	return nil
}

// closed reports whether a conn is known to be over. One that does not tell is not.
func closed(conn any) bool {
	if c := descriptor(conn); c != nil {
		raw, err := c.SyscallConn()
		if err == nil {
			err = raw.Control(func(uintptr) {})
		}
		return errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed)
	}
	if c, ok := conn.(interface{ Context() context.Context }); ok {
		return c.Context().Err() != nil
	}
	return false
}

// ends returns the addresses of a conn or listener; nil for those that it does not have.
func ends(conn any) (local, remote net.Addr) {
	if c, ok := conn.(interface{ RemoteAddr() net.Addr }); ok {
		remote = c.RemoteAddr()
	}
	switch c := conn.(type) {
	case interface{ LocalAddr() net.Addr }:
		local = c.LocalAddr()
	case interface{ Addr() net.Addr }:
		local = c.Addr()
	}
	return local, remote
}

// addrText is an address to show; empty for none.
func addrText(a net.Addr) string {
	if a == nil {
		return ""
	}
	return printable(a.String())
}

// state names what a socket does: as ss does for TCP, else "listen" or "open".
func state(role Role, m *sockopt.TCPMetrics) string {
	switch {
	case m != nil && m.State.String() != "":
		return m.State.String()
	case role == Listening:
		return "listen"
	}
	return "open"
}

// tcpInfo reads what the kernel knows of a conn; nil where there is nothing.
func tcpInfo(conn any) (*sockopt.TCPMetrics, error) {
	c := descriptor(conn)
	if c == nil {
		return nil, nil //nolint:nilnil // not a socket of its own, as a stream of QUIC
	}
	m, err := sockopt.TCPInfo(c)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil //nolint:nilnil // not TCP, or not Linux
	}
	return m, err
}
