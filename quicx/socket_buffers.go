package quicx

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/strata-net/strata/sockopt"
)

// A buffer is one of the two buffers of a socket.
type buffer struct {
	field string // of DialConfig and ListenConfig
	limit string // what bounds it on Linux
	plain sockopt.Handle[int]
	force sockopt.Handle[int]
	asked func(*socketConfig) int
}

var buffers = []*buffer{
	{
		"ReceiveBuffer", "net.core.rmem_max", sockopt.RcvBuf, sockopt.RcvBufForce,
		func(c *socketConfig) int { return c.receive },
	},
	{
		"SendBuffer", "net.core.wmem_max", sockopt.SndBuf, sockopt.SndBufForce,
		func(c *socketConfig) int { return c.send },
	},
}

// within reports whether a list of options decides on the buffer.
func (b *buffer) within(options sockopt.Options) bool {
	for _, o := range options {
		if name := o.Name(); name == b.plain.Info().Name || name == b.force.Info().Name {
			return true
		}
	}
	return false
}

// contents reports whether quic-go has nothing to enlarge.
func (b *buffer) contents(udp *net.UDPConn) bool { return b.size(udp) >= wanted }

// size is what the kernel says, 0 if it does not.
func (b *buffer) size(udp *net.UDPConn) int {
	n, err := b.plain.Get(udp)
	if err != nil {
		return 0
	}
	return n
}

// settle gives the buffer the size that was asked for, or as much of the default as the kernel allows.
func (b *buffer) settle(udp *net.UDPConn, c *socketConfig) error {
	switch asked := b.asked(c); {
	case asked > 0:
		return b.exactly(udp, c, asked)
	case !b.within(c.options):
		b.grow(udp)
	}
	return nil
}

// exactly sets the size, past the system's limit if the process may, and reads it back.
func (b *buffer) exactly(udp *net.UDPConn, c *socketConfig, asked int) error {
	set := func(h sockopt.Handle[int]) error {
		if err := h.Set(udp, asked); err != nil {
			return err
		}
		return sockopt.Options{h.Value(asked)}.Verify(udp)
	}
	err := set(b.plain)
	if err == nil {
		return nil
	}
	forced := set(b.force)
	switch {
	case forced == nil:
		return nil
	case !errors.Is(forced, errors.ErrUnsupported):
		err = fmt.Errorf("the kernel gave %d bytes: raise %s or: %w", b.size(udp), b.limit, forced)
	}
	return &Error{
		Op: "set option", Field: b.field, Value: strconv.Itoa(asked), Network: c.network, Address: c.address, Err: err,
	}
}

// grow enlarges the buffer as far as the kernel allows, up to the default. Nobody asked for it, so less is no error.
func (b *buffer) grow(udp *net.UDPConn) {
	before := b.size(udp)
	for n := wanted; n > before; n /= 2 {
		if b.plain.Set(udp, n) == nil {
			break // Linux cuts what is too much, BSDs refuse it
		}
	}
	if b.size(udp) < wanted {
		_ = b.force.Set(udp, wanted) // needs CAP_NET_ADMIN
	}
}
