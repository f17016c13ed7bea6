package listener

import (
	"context"
	"errors"
	"net"
	"slices"

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
	config := net.ListenConfig{Control: c.Options.At(sockopt.Bind).Control}
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

func (c *PacketConfig) validate() (address, error) {
	var p problems
	a, err := parseAddress(c.Address, packets, "udp")
	p.add("Address", c.Address, err)
	p.add("Options", c.Options.String(), c.Options.Check(a.network, sockopt.Bind, sockopt.Established))
	return a, errors.Join(p...)
}
