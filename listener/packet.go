package listener

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"syscall"

	"github.com/strata-net/strata/listener/internal/cmsg"
	"github.com/strata-net/strata/sockopt"
)

// PacketConfig describes a packet conn. NewPacketConn never changes it.
type PacketConfig struct {
	// Address is where to listen; it must be set. Forms: "udp://127.0.0.1:53",
	// "udp4://:53", "udp6://[::1]:0", "127.0.0.1:0" (no scheme is udp),
	// "ip4:icmp://127.0.0.1", "ip6:58://::1", "ip4:icmp://" (a protocol by name
	// or number, then an IP literal or nothing; needs CAP_NET_RAW),
	// "unixgram:///run/x.sock", "unixgram://@name" (abstract, Linux).
	//
	// An empty host is all addresses of the machine, port 0 a free one. Ports
	// are numbers from 0 to 65535. A unix path must not exist, and stays after
	// Close: removing it is up to the caller.
	Address string

	// Options are applied at their stage: those of the bind stage before bind,
	// those of the established stage after it. Options of the listening stage
	// are an error unless they are preferred only.
	Options sockopt.Options

	// Destination, ECN and HopLimit ask for these fields of what [ReadPacket]
	// returns, Destination for the interface too. They are for UDP, and need
	// Linux, macOS or FreeBSD.
	Destination, ECN, HopLimit bool
}

// NewPacketConn opens a packet conn: a bare *net.UDPConn, *net.IPConn or
// *net.UnixConn. The context limits the opening only. If anything fails nothing
// stays open.
func NewPacketConn(ctx context.Context, cfg *PacketConfig) (net.PacketConn, error) {
	var c PacketConfig
	if cfg != nil {
		c = *cfg
		c.Options = slices.Clone(cfg.Options)
	}
	a, err := c.validate()
	if err != nil {
		return nil, err
	}
	failed := func(op string, err error) error {
		return &Error{Op: op, Network: a.full(), Address: a.text, Err: err}
	}
	if ctx == nil {
		return nil, failed("listen", errors.New("the context is nil"))
	}
	if err := ctx.Err(); err != nil {
		return nil, failed("listen", err)
	}
	config := net.ListenConfig{Control: c.control}
	conn, err := config.ListenPacket(ctx, a.full(), a.text)
	if err != nil {
		return nil, failed(listenOp(err), err)
	}
	options := c.Options.At(sockopt.Established)
	if err := applyStage(sockopt.Established, options, conn.LocalAddr(), conn); err != nil {
		conn.Close()
		return nil, failed("set option", err)
	}
	return conn, nil
}

// Check says what NewPacketConn would say of the config, and opens nothing. nil is
// the zero PacketConfig, which has no Address.
func (c *PacketConfig) Check() error {
	if c == nil {
		c = &PacketConfig{}
	}
	_, err := c.validate()
	return err
}

func (c *PacketConfig) validate() (address, error) {
	var p problems
	a, err := parseAddress(c.Address, packets, "udp")
	p.add("Address", c.Address, err)
	p.add("Options", c.Options.String(), c.Options.Check(a.network, sockopt.Bind, sockopt.Established))
	c.checkWant(&p, a)
	return a, errors.Join(p...)
}

// checkWant finds the metadata that the conn cannot deliver.
func (c *PacketConfig) checkWant(p *problems, a address) {
	var err error
	switch {
	case !cmsg.Supported:
		err = fmt.Errorf("%w: control messages on %s", errors.ErrUnsupported, runtime.GOOS)
	case a.network != "" && a.protocol() != "udp":
		err = fmt.Errorf("%w: network %s is not UDP", errors.ErrUnsupported, a.full())
	default:
		return
	}
	for _, f := range []struct {
		name string
		set  bool
	}{{"Destination", c.Destination}, {"ECN", c.ECN}, {"HopLimit", c.HopLimit}} {
		if f.set {
			p.add(f.name, "true", err)
		}
	}
}

// control is what package net calls before bind.
func (c *PacketConfig) control(network, address string, raw syscall.RawConn) error {
	if err := c.Options.At(sockopt.Bind).Control(network, address, raw); err != nil {
		return err
	}
	want := cmsg.Want{Destination: c.Destination, ECN: c.ECN, HopLimit: c.HopLimit}
	return want.Control(network, address, raw)
}
