package udpbatch

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/strata-net/strata/listener/internal/cmsg"
	"github.com/strata-net/strata/sockopt"
)

const (
	// DefaultBatch is used when Config.Batch is zero.
	DefaultBatch = 128
	// MaxBatch is the largest Config.Batch: the kernel takes no more in a call
	// (UIO_MAXIOV).
	MaxBatch = 1024
	// DefaultMaxMemory is used when Config.MaxMemory is zero.
	DefaultMaxMemory = DefaultBatch * slotSize
	// MaxDatagram is the largest datagram that can be sent over IPv4.
	MaxDatagram = 65507
)

// slotSize is what a receive buffer takes that holds any datagram or any number
// of joined ones. What it is above 64 KiB keeps the beginnings of the slots, of
// which most hold little, out of the same sets of the processor's caches.
const slotSize = 1<<16 + 1536

// Mode says whether a feature of the kernel is used.
type Mode uint8

const (
	// Auto uses it where the kernel has it and a first use succeeds.
	Auto Mode = iota
	// Off does without.
	Off
	// Require makes it an error if the kernel does not have it.
	Require
)

// String returns "auto", "off" or "require".
func (m Mode) String() string {
	names := [...]string{"auto", "off", "require"}
	if int(m) < len(names) {
		return names[m]
	}
	return "Mode(" + strconv.Itoa(int(m)) + ")"
}

// Config describes a Conn. Listen and Dial never change it. The zero Config is
// good for Dial; Listen needs an Address.
type Config struct {
	// Address is where to listen, or what to dial from: "127.0.0.1:0",
	// "udp4://:53", "udp6://[::1]:0"; no scheme is udp. An empty host is all
	// addresses of the machine, port 0 a free one. Listen resolves a name once
	// and prefers IPv4; Dial needs an IP literal or an empty host, and takes
	// "" for any source.
	Address string

	// Options are applied at their stage: those of the bind stage before bind
	// or connect, those of the established stage after it. Those of the
	// listening stage are errors, and so are UDP_SEGMENT and UDP_GRO, for which
	// GSO and GRO are.
	Options sockopt.Options

	// Batch is the number of messages that one system call carries at most,
	// from 1 to MaxBatch. 0 means DefaultBatch. ReadBatch and WriteBatch take
	// any number all the same. Where the platform has no such calls it is 1.
	Batch int

	// MaxDatagram is the size in bytes of the largest datagram that is received
	// as a whole for sure, from 1 to 65535; longer ones are cut and say so
	// ([Message.Truncated]), unless GRO is in use, which needs room for 64 KiB
	// anyway. A small one saves memory. 0 means 65535.
	MaxDatagram int

	// MaxMemory bounds the memory in bytes for what each Reader has received.
	// Without GRO a message takes MaxDatagram bytes of it, with GRO 66 KiB. It
	// limits how many messages a call can receive, not how many bytes the
	// kernel can hold (SO_RCVBUF). At least one message has room. 0 means
	// DefaultMaxMemory, 8 MiB. Memory is allocated when traffic first needs it.
	MaxMemory int

	// PacketInfo asks for [Message.Local] and [Message.Interface], ECN and
	// HopLimit for the fields of their name. Linux, macOS, FreeBSD; elsewhere
	// they are errors.
	PacketInfo, ECN, HopLimit bool

	// GSO sends a run of datagrams of one size, of which the last may be
	// shorter, to one destination as one large one, which the kernel or the
	// device cuts (UDP_SEGMENT). For a destination where that fails, such as
	// one behind IPsec or with datagrams longer than the MTU, it is given up,
	// and nothing is lost. Linux 4.18 or later.
	GSO Mode

	// GRO receives datagrams of one flow joined (UDP_GRO). ReadBatch takes them
	// apart again. Linux 5.0 or later.
	GRO Mode

	portable bool // a datagram a call, for tests on platforms that have more
}

// Check says what [Listen] would say of the Config, and opens nothing: a host name
// is not resolved, and whether the kernel has a required feature is only known
// then. nil is the zero Config, which has no Address.
func (c *Config) Check() error {
	_, _, err := c.listening()
	return err
}

// listening returns what Listen needs, or what is wrong.
func (c *Config) listening() (address, *Config, error) {
	if c == nil {
		c = &Config{}
	}
	var p problems
	a, err := parseAddress(c.Address)
	p.add("Address", c.Address, err)
	n, err := c.clone(a.network)
	return a, n, errors.Join(append(p, err)...)
}

// clone returns a copy of a valid Config with its defaults, or what is wrong.
func (c *Config) clone(network string) (*Config, error) {
	if network == "" { // the address is bad
		network = "udp"
	}
	n := *c
	n.Options = slices.Clone(c.Options)
	var p problems
	n.Batch = p.number("Batch", c.Batch, DefaultBatch, MaxBatch)
	n.MaxDatagram = p.number("MaxDatagram", c.MaxDatagram, 1<<16-1, 1<<16-1)
	n.MaxMemory = p.number("MaxMemory", c.MaxMemory, DefaultMaxMemory, 1<<30)
	p.mode("GSO", c.GSO)
	p.mode("GRO", c.GRO)
	p.supported("PacketInfo", c.PacketInfo)
	p.supported("ECN", c.ECN)
	p.supported("HopLimit", c.HopLimit)
	p.add("Options", c.Options.String(), c.Options.Check(network, sockopt.Bind, sockopt.Established))
	p.offloads(c.Options)
	return &n, errors.Join(p...)
}

// want is the metadata that the Config asks for.
func (c *Config) want() cmsg.Want {
	return cmsg.Want{Destination: c.PacketInfo, ECN: c.ECN, HopLimit: c.HopLimit}
}

// problems collects an *Error for each bad field.
type problems []error

func (p *problems) add(field, value string, err error) {
	if err != nil {
		*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
	}
}

// offloads refuses the options that would be set behind the Conn's back.
func (p *problems) offloads(o sockopt.Options) {
	for _, option := range o {
		switch option.Name() {
		case "UDP_SEGMENT":
			p.add("Options", option.String(), errors.New("use the field GSO"))
		case "UDP_GRO":
			p.add("Options", option.String(), errors.New("use the field GRO"))
		}
	}
}

// number checks one that is 0 for a default.
func (p *problems) number(field string, v, fallback, most int) int {
	if v < 0 || v > most {
		p.add(field, strconv.Itoa(v), fmt.Errorf("must be from 1 to %d, or 0 for %d", most, fallback))
	}
	if v == 0 {
		return fallback
	}
	return v
}

func (p *problems) mode(field string, m Mode) {
	if m > Require {
		p.add(field, m.String(), errors.New("must be auto, off or require"))
	}
}

func (p *problems) supported(field string, asked bool) {
	if asked && !cmsg.Supported {
		p.add(field, "true", lacking("control messages"))
	}
}
