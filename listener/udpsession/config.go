package udpsession

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/strata-net/strata/listener/internal/cmsg"
	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/access"
)

// What a Config means where it says 0.
const (
	DefaultMaxSessions = 1 << 16             // Config.MaxSessions
	DefaultIdleTimeout = 60 * time.Second    // Config.IdleTimeout
	DefaultQueue       = 64                  // Config.Queue, datagrams
	DefaultQueueBytes  = 256 << 10           // Config.QueueBytes
	DefaultMaxBytes    = 64 << 20            // Config.MaxBytes
	DefaultBacklog     = 4096                // Config.Backlog, sessions
	DefaultSourceBits4 = access.DefaultBits4 // Config.SourceBits4
	DefaultSourceBits6 = access.DefaultBits6 // Config.SourceBits6
)

// OnFull says what happens to a new peer while Config.MaxSessions are open.
type OnFull uint8

const (
	// Refuse drops its datagrams, until another session ends.
	Refuse OnFull = iota
	// EvictIdle ends the session that has been idle for longest, with
	// [ErrEvicted], in favour of the new one. So a flood of forged addresses
	// keeps no new client out, and displaces those that were silent for longer
	// than it takes to fill the table.
	EvictIdle
)

// Config describes a listener. Listen takes copies and never changes it. A
// negative number is an error.
type Config struct {
	// Address is where to listen; it must be set: "udp://127.0.0.1:53",
	// "udp4://:53", "udp6://[::1]:0", "127.0.0.1:0" (no scheme is udp). An empty
	// host is all addresses of the machine, port 0 a free one.
	//
	// On all addresses a session is what a peer sends to one of them, and the
	// answers come from that one. That needs Linux, macOS or FreeBSD: elsewhere
	// a session is all that the peer sends, and the system chooses the address
	// that answers come from, as it does for what was sent to a multicast group
	// or to 255.255.255.255. To the broadcast address of a subnet there is no
	// answer: Write fails.
	Address string

	// Options are applied at their stage, those of the bind stage before bind,
	// those of the established stage after it.
	Options sockopt.Options

	// Allow and Deny choose the peers that get a session, by address. The
	// longest prefix of both lists that matches decides; Deny wins a tie. What
	// none matches is admitted if Allow is empty. IPv4-mapped prefixes are IPv4.
	Allow, Deny []netip.Prefix

	// MaxSessions bounds the sessions, those that Accept has not returned
	// included. 0 means DefaultMaxSessions.
	MaxSessions int

	// OnFull says what happens to new peers at that limit. 0 is Refuse.
	OnFull OnFull

	// MaxSessionsPerSource bounds the sessions of the peers in one prefix of
	// SourceBits4 or SourceBits6. It always refuses. 0 means no bound.
	MaxSessionsPerSource int

	// SourceBits4 and SourceBits6 are the lengths of these prefixes in bits, up
	// to 32 and 128. 0 means DefaultSourceBits4 and DefaultSourceBits6.
	SourceBits4, SourceBits6 int

	// IdleTimeout ends a session when nothing came that was queued, and nothing
	// was sent, for so long. Datagrams that are dropped do not move it: a
	// session that nobody reads ends, however much its peer sends. It can be
	// late by 1/64, at least by 1 ms and at most by 1 s. 0 means
	// DefaultIdleTimeout.
	IdleTimeout time.Duration

	// MaxAge ends a session so long after its first datagram, whatever its
	// traffic. It can be as late as IdleTimeout. 0 means no bound.
	MaxAge time.Duration

	// Queue, QueueBytes and MaxBytes bound what has come and was not read: the
	// datagrams of a session, their memory, and the memory of those of all
	// sessions. A datagram beyond them is dropped and counted. Its memory is its
	// size rounded up, to less than twice as much above 64 bytes, and 32 bytes;
	// so no datagram longer than QueueBytes is received. Half of MaxBytes is
	// only for sessions that Accept has returned. 0 means DefaultQueue,
	// DefaultQueueBytes, DefaultMaxBytes.
	Queue, QueueBytes, MaxBytes int

	// Backlog bounds the sessions that Accept has not returned. Beyond it new
	// peers are refused. 0 means DefaultBacklog.
	Backlog int

	// OnEvent, if set, is told when a session begins and ends, and when peers
	// are refused, but never of a single datagram. It is called from several
	// goroutines at a time; the listener reads nothing until it returns. It may
	// call everything but Close and Shutdown of the listener.
	OnEvent func(Event)
}

// clone returns a copy with defaults.
func (c *Config) clone() *Config {
	if c == nil {
		c = &Config{}
	}
	n := *c
	n.Options, n.Allow, n.Deny = slices.Clone(c.Options), slices.Clone(c.Allow), slices.Clone(c.Deny)
	for _, f := range n.numbers() {
		if *f.value == 0 {
			*f.value = f.fallback
		}
	}
	if n.IdleTimeout == 0 {
		n.IdleTimeout = DefaultIdleTimeout
	}
	return &n
}

// Check says what Listen would say of the Config, and opens nothing. A name of a
// host is not resolved. nil is the zero Config, which has no Address.
func (c *Config) Check() error { return c.clone().check() }

// check is Check for a Config with defaults.
func (c *Config) check() error { return errors.Join(c.validate(), c.validateSocket()) }

// number is a field with its default and its largest value, 0 for none.
type number struct {
	name           string
	value          *int
	fallback, most int
}

func (c *Config) numbers() []number {
	return []number{
		{"MaxSessions", &c.MaxSessions, DefaultMaxSessions, 0},
		{"MaxSessionsPerSource", &c.MaxSessionsPerSource, 0, 0},
		{"SourceBits4", &c.SourceBits4, DefaultSourceBits4, 32},
		{"SourceBits6", &c.SourceBits6, DefaultSourceBits6, 128},
		{"Queue", &c.Queue, DefaultQueue, 0},
		{"QueueBytes", &c.QueueBytes, DefaultQueueBytes, 0},
		{"MaxBytes", &c.MaxBytes, DefaultMaxBytes, 0},
		{"Backlog", &c.Backlog, DefaultBacklog, 0},
	}
}

var errNegative = errors.New("must not be negative")

// validate finds everything that is wrong with the fields of this package.
func (c *Config) validate() error {
	var p problems
	for _, f := range c.numbers() {
		switch {
		case *f.value < 0:
			p.add(f.name, strconv.Itoa(*f.value), errNegative)
		case f.most > 0 && *f.value > f.most:
			p.add(f.name, strconv.Itoa(*f.value), fmt.Errorf("must not be above %d", f.most))
		}
	}
	if c.OnFull > EvictIdle {
		p.add("OnFull", strconv.Itoa(int(c.OnFull)), errors.New("must be Refuse or EvictIdle"))
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"IdleTimeout", c.IdleTimeout}, {"MaxAge", c.MaxAge}} {
		if f.value < 0 {
			p.add(f.name, f.value.String(), errNegative)
		}
	}
	p.prefixes("Allow", c.Allow)
	p.prefixes("Deny", c.Deny)
	return errors.Join(p...)
}

// socket is what the socket needs to know.
func (c *Config) socket() *udpbatch.Config {
	return &udpbatch.Config{
		Address: c.Address, Options: c.Options, Batch: maxBatch,
		PacketInfo: cmsg.Supported && unspecified(c.Address),
	}
}

// validateSocket finds what is wrong with the fields of package udpbatch.
func (c *Config) validateSocket() error { return own(c.socket().Check()) }

// problems collects an *Error for each bad field.
type problems []error

func (p *problems) add(field, value string, err error) {
	*p = append(*p, &Error{Op: "config", Field: field, Value: value, Err: err})
}

// prefixes checks the list and brings it into the form that rules want.
func (p *problems) prefixes(field string, list []netip.Prefix) {
	for i, prefix := range list {
		plain, err := access.Plain(prefix)
		if err != nil {
			p.add(fmt.Sprintf("%s[%d]", field, i), prefix.String(), err)
		}
		list[i] = plain
	}
}

// unspecified reports whether an address may be that of all addresses of the
// machine. What a name means is known only later.
func unspecified(address string) bool {
	if _, text, found := strings.Cut(address, "://"); found {
		address = text
	}
	host, _, _ := net.SplitHostPort(address) // Listen reports what is wrong with it
	ip, err := netip.ParseAddr(host)
	return err != nil || ip.Unmap().IsUnspecified()
}
