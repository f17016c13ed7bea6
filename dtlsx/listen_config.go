package dtlsx

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/access"
)

const (
	// DefaultMaxHandshakes is used when ListenConfig.MaxHandshakes is zero.
	DefaultMaxHandshakes = 1024
	// DefaultSourceBits4 is used when ListenConfig.SourceBits4 is zero.
	DefaultSourceBits4 = access.DefaultBits4
	// DefaultSourceBits6 is used when ListenConfig.SourceBits6 is zero: a
	// customer or a machine has a /64.
	DefaultSourceBits6 = access.DefaultBits6
)

// ListenConfig describes a listener. NewListener takes copies and never changes
// it.
type ListenConfig struct {
	// Address is where to listen; it must be set. Forms: "udp://127.0.0.1:4433",
	// "udp4://:4433", "udp6://[::1]:0", "127.0.0.1:0" (no scheme is udp). An
	// empty host is all addresses of the machine, port 0 a free one. Ports are
	// numbers from 0 to 65535. A host name is resolved once. On Linux a conn of a
	// listener on all addresses sends from the one that the client wrote to;
	// elsewhere the system chooses, which can be another one if there are several.
	Address string

	// Config is the protocol. Its callbacks run in goroutines of the listener,
	// which Close waits for. HandshakeTimeout limits each handshake from the
	// moment when the client has proved its address.
	Config

	// Options are applied at their stage: those of the bind stage before bind,
	// those of the established stage after it; then they are read back. Options
	// of the listening stage are an error unless they are preferred only.
	Options sockopt.Options

	// MaxHandshakes bounds the handshakes in progress together with the finished
	// ones that Accept has not returned yet. Only clients that have proved their
	// address with a cookie count; the others cost nothing. When all places are
	// taken and a client comes, one is freed: the oldest of a source
	// (SourceBits4, SourceBits6) that has more than a quarter of them, else the
	// oldest of all if it has had a quarter of HandshakeTimeout. A client of a
	// source that has its quarter already takes the place of one from there. If
	// none can be freed the client's hello is dropped and counted; it repeats it
	// after a second or so. 0 means DefaultMaxHandshakes. Negative is an error.
	//
	// A handshake costs about 40 KiB, and 128 KiB more at most if the client
	// sends as much as it can.
	MaxHandshakes int

	// Allow and Deny are rules for the address of the peer. Of all prefixes in
	// both lists the longest one that contains it decides; Deny wins a tie. An
	// address that no prefix contains is admitted if Allow is empty, else
	// refused. 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6; IPv4-mapped
	// addresses and prefixes are IPv4. A peer that is refused gets no answer. A
	// conn with a connection ID must be admitted at each address it moves to.
	Allow, Deny []netip.Prefix

	// MaxConnsPerSource bounds the open conns of one source, handshakes
	// included: of one prefix of SourceBits4 or SourceBits6 bits. Only clients
	// that have proved their address count, and a conn stays with the source it
	// came from. What is above the bound is refused with an alert. 0 means no
	// bound. Negative is an error.
	MaxConnsPerSource int

	// SourceBits4 and SourceBits6 say how many bits of an address make a
	// source, 1 to 32 and 1 to 128. 0 means DefaultSourceBits4 and
	// DefaultSourceBits6.
	SourceBits4, SourceBits6 int

	// MaxConns bounds the open conns, handshakes in progress included. A conn
	// is open until it is closed. What is above the bound is refused with an
	// alert. 0 means no bound. Negative is an error.
	MaxConns int

	// IdleTimeout ends a conn from which nothing was read and to which nothing
	// was written for so long: a peer that is gone says nothing in UDP. Its
	// places are free at once. Reads and writes then fail with an *Error that
	// names the field and is os.ErrDeadlineExceeded; Close returns nil. 0 means
	// none. Negative is an error. It holds after Close.
	IdleTimeout time.Duration

	// OnEvent, when set, is called for each client that is refused or fails
	// after it has proved its address, and for each conn that the listener ends.
	// What anybody can forge has counters in Stats alone. It is called by the
	// goroutine where that happens, which goes on when it returns, and by
	// several at a time; it must not call Close or Shutdown, which wait for
	// them, and should not block.
	OnEvent func(Event)

	place place
	proto *protocol
}

// clone returns a copy that shares nothing but what Config says.
func (c *ListenConfig) clone() *ListenConfig {
	if c == nil {
		return &ListenConfig{}
	}
	n := *c
	n.Options = slices.Clone(c.Options)
	n.Allow, n.Deny = slices.Clone(c.Allow), slices.Clone(c.Deny)
	return &n
}

// Check says what NewListener would say of the config, and opens nothing. A host
// name in Address is not resolved. nil is the zero ListenConfig, which has no
// Address.
func (c *ListenConfig) Check() error { return c.clone().prepare() }

// prepare finds everything that is wrong, and sets the defaults.
func (c *ListenConfig) prepare() error {
	var p problems
	var err error
	c.place, err = parsePlace(c.Address)
	p.add("Address", c.Address, err)
	if err != nil {
		c.place.network = "udp" // for what follows
	}
	c.proto = newProtocol(&c.Config, server, &p)
	p.add("Options", c.Options.String(), c.Options.Check(c.place.network, sockopt.Bind, sockopt.Established))
	p.prefixes("Allow", c.Allow)
	p.prefixes("Deny", c.Deny)
	p.natural("MaxHandshakes", c.MaxHandshakes)
	p.natural("MaxConnsPerSource", c.MaxConnsPerSource)
	p.natural("MaxConns", c.MaxConns)
	p.add("SourceBits4", strconv.Itoa(c.SourceBits4), within(c.SourceBits4, 1, 32))
	p.add("SourceBits6", strconv.Itoa(c.SourceBits6), within(c.SourceBits6, 1, 128))
	p.span("IdleTimeout", c.IdleTimeout)
	setDefault(&c.MaxHandshakes, DefaultMaxHandshakes)
	return p.err()
}

// width returns what makes a source.
func (c *ListenConfig) width() access.Width {
	return access.Width{Bits4: c.SourceBits4, Bits6: c.SourceBits6}
}

// prefixes replaces prefixes by their plain form.
func (p *problems) prefixes(field string, list []netip.Prefix) {
	for i, prefix := range list {
		plain, err := access.Plain(prefix)
		p.add(field+"["+strconv.Itoa(i)+"]", prefix.String(), err)
		list[i] = plain
	}
}
