package quicx

import (
	"context"
	"errors"
	"math"
	"net"
	"strconv"

	"github.com/strata-net/strata/sockopt"
)

// A socketConfig is how to open a UDP socket. It is the same for dialers and listeners.
type socketConfig struct {
	network string // "udp", "udp4" or "udp6"
	address string // IP:port, the IP may be missing
	options sockopt.Options
	receive int // bytes, 0 for the default
	send    int
}

// check finds what is wrong with the fields of a config that a socketConfig is made of. The names are those that
// DialConfig and ListenConfig give them.
func (c *socketConfig) check(p *problems) {
	p.add("Options", c.options.String(), c.options.Check(c.network, sockopt.Bind, sockopt.Established))
	refuseOptions(p, c.options)
	for _, b := range buffers {
		asked := b.asked(c)
		switch {
		case asked < 0:
			p.add(b.field, strconv.Itoa(asked), errNegative)
		case asked > math.MaxInt32:
			p.add(b.field, strconv.Itoa(asked), errors.New("must be at most 2147483647 bytes"))
		case asked > 0 && b.within(c.options):
			p.add(b.field, strconv.Itoa(asked), errors.New("not together with the option "+b.plain.Info().Name))
		}
	}
}

// A socket is an open UDP socket with its options in force.
type socket struct {
	udp *net.UDPConn
	// conn is what quic-go gets: udp itself, or the same behind a quiet if quic-go had something to say about its
	// buffers.
	conn net.PacketConn
}

// open opens a socket. If anything fails nothing stays open.
func (c *socketConfig) open(ctx context.Context) (*socket, error) {
	options := effective(c.options)
	config := net.ListenConfig{Control: options.At(sockopt.Bind).Control}
	pc, err := config.ListenPacket(ctx, c.network, c.address)
	if err != nil {
		return nil, c.failed(err)
	}
	udp := pc.(*net.UDPConn) //nolint:forcetypeassert // it is what package net returns for udp
	if err := c.settle(udp, options); err != nil {
		udp.Close()
		return nil, err
	}
	return c.wrap(udp), nil
}

// adopt takes a socket that somebody else has opened: it sets what can still be set. The caller closes it.
func (c *socketConfig) adopt(udp *net.UDPConn) (*socket, error) {
	options := effective(c.options)
	if err := options.Apply(udp); err != nil {
		return nil, c.failed(err)
	}
	if err := c.settle(udp, nil); err != nil {
		return nil, err
	}
	if err := options.Verify(udp); err != nil {
		return nil, c.failed(err)
	}
	return c.wrap(udp), nil
}

// settle does what has to wait for bind, and reads the options back.
func (c *socketConfig) settle(udp *net.UDPConn, options sockopt.Options) error {
	raw, err := udp.SyscallConn()
	if err != nil {
		return c.failed(err)
	}
	late := options.At(sockopt.Established)
	if err := late.ApplyStage(sockopt.Established, sockopt.NetworkOf(udp.LocalAddr()), raw); err != nil {
		return c.failed(err)
	}
	if err := options.Verify(udp); err != nil {
		return c.failed(err)
	}
	for _, b := range buffers {
		if err := b.settle(udp, c); err != nil {
			return err
		}
	}
	return nil
}

// wrap decides what quic-go gets.
func (c *socketConfig) wrap(udp *net.UDPConn) *socket {
	for _, b := range buffers {
		if !b.contents(udp) {
			return &socket{udp: udp, conn: &quiet{UDPConn: udp}}
		}
	}
	return &socket{udp: udp, conn: udp}
}

// failed makes the error for a socket that could not be opened.
func (c *socketConfig) failed(err error) error {
	e := &Error{Op: "listen", Network: c.network, Address: c.address, Err: err}
	if o, ok := errors.AsType[*sockopt.Error](err); ok {
		e.Op, e.Field, e.Value = "set option", "Options", o.Option+"="+o.Value
	}
	return e
}
