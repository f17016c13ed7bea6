package simnet

import (
	"math"
	"net/netip"
	"time"
)

// What a zero field of a Config means.
const (
	DefaultBufferBytes  = 256 << 10
	DefaultBacklog      = 128
	DefaultMaxEvents    = 1 << 20 // when events are scheduled, else none
	DefaultDialTimeout  = 127 * time.Second
	DefaultWriteTimeout = 924600 * time.Millisecond
	DefaultMinRTO       = 200 * time.Millisecond
	DefaultMaxRTO       = 2 * time.Minute
)

// forever is what longer times count as, so that times can be added.
const forever time.Duration = math.MaxInt64 / 4

// Config says how a network is. The zero value is a network without delay or loss
// whose addresses are those of IP. It is not changed.
type Config struct {
	// Name of the network: its full name is "sim" and Name.
	Name string
	// Seed of all chance: the same seed gives the same events. 0 is a random one,
	// which [Network.Seed] tells.
	Seed uint64
	// Order is how packets get from host to host. 0 is OrderAuto.
	Order Order
	// Link is what lies between two hosts that have no link of their own, in each
	// direction. The zero Link passes everything at once.
	Link Link
	// Names makes all addresses *virtnet.Addr, such as "α:1", and ports 1, 2, 3 and
	// so on, and errors those of package virtnet. Otherwise addresses are
	// *net.TCPAddr and *net.UDPAddr, dialling ports start at 32768, and errors are
	// those that a kernel gives.
	Names bool
	// Prefix is where hosts that are made without an address get one from, the next
	// free one. The zero Prefix is 10.0.0.0/8.
	Prefix netip.Prefix
	// BufferBytes bounds what waits in each direction of a stream and in a socket for
	// datagrams; memory is taken when something waits. From 4 KiB to 1 GiB; 0 is
	// DefaultBufferBytes.
	BufferBytes int
	// Backlog bounds the conns that wait for Accept. Further dials wait for room, as
	// Linux has them retry. From 1 to 65535; 0 is DefaultBacklog.
	Backlog int
	// MaxEvents bounds the events that are kept for [Network.Trace]; older ones are
	// dropped and counted. 0 is DefaultMaxEvents where OrderScheduled is in force, and
	// none elsewhere; negative is none. At most 2^31-1.
	MaxEvents int
	// CaptureBytes bounds the payload that is kept of each packet, for pcapng. 0
	// keeps none. At most 65535.
	CaptureBytes int
	// DialTimeout bounds a Dial that gets no answer. 0 is DefaultDialTimeout, which is
	// that of Linux: six repetitions. Not negative.
	DialTimeout time.Duration
	// WriteTimeout is for how long bytes may remain unacknowledged before the conn fails
	// with ETIMEDOUT, and for how long a host that is closed repeats its goodbye to
	// peers that do not hear it. 0 is DefaultWriteTimeout, which is that of Linux:
	// fifteen repetitions. Not negative.
	WriteTimeout time.Duration
	// MinRTO and MaxRTO bound the time after which what was not acknowledged is sent
	// again. 0 is DefaultMinRTO and DefaultMaxRTO. Not negative.
	MinRTO, MaxRTO time.Duration

	_ [0]func() // configs are not comparable
}

// Order is how packets get from host to host.
type Order uint8

const (
	// OrderAuto is OrderScheduled inside of a testing/synctest bubble, and
	// OrderDirect elsewhere. A bubble is told by its clock, which begins in 2000.
	OrderAuto Order = iota
	// OrderDirect lets a Write copy into the buffer of the reader where the link
	// between the two has no delay and no faults: fast, and in the order of the Go
	// scheduler. All else is scheduled, at the time at which it is due.
	OrderDirect
	// OrderScheduled lets a scheduler deliver all packets, one at each nanosecond of
	// the clock, in an order that the seed alone decides. Outside of a bubble it
	// delivers in order what is due.
	OrderScheduled
)

// String returns the order as a word: "auto", "direct" or "scheduled".
func (o Order) String() string {
	if int(o) >= len(orders) {
		return "invalid"
	}
	return orders[o]
}

var orders = [...]string{"auto", "direct", "scheduled"}

// Check returns what New would say: an error for each bad field, joined.
func (c *Config) Check() error {
	var p problems
	if c.Order > OrderScheduled {
		p.addf("Order", uint8(c.Order), "is none of auto (0), direct (1) and scheduled (2)")
	}
	c.Link.check(&p, "Link.")
	if c.Prefix != (netip.Prefix{}) && !c.Prefix.IsValid() {
		p.addf("Prefix", c.Prefix, "is no prefix")
	}
	between(&p, "BufferBytes", c.BufferBytes, 4<<10, 1<<30)
	between(&p, "Backlog", c.Backlog, 1, math.MaxUint16)
	if c.MaxEvents > math.MaxInt32 {
		p.addf("MaxEvents", c.MaxEvents, "must be at most %d", math.MaxInt32)
	}
	between(&p, "CaptureBytes", c.CaptureBytes, 1, math.MaxUint16)
	c.checkTimes(&p)
	return p.err()
}

func between(p *problems, field string, value, low, high int) {
	if value != 0 && (value < low || value > high) {
		p.addf(field, value, "must be from %d to %d, or 0", low, high)
	}
}

func (c *Config) checkTimes(p *problems) {
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"DialTimeout", c.DialTimeout}, {"WriteTimeout", c.WriteTimeout},
		{"MinRTO", c.MinRTO}, {"MaxRTO", c.MaxRTO},
	} {
		if d.value < 0 {
			p.addf(d.field, d.value, "must not be negative")
		}
	}
	low, high := or(c.MinRTO, DefaultMinRTO), or(c.MaxRTO, DefaultMaxRTO)
	if c.MinRTO >= 0 && c.MaxRTO >= 0 && low > high {
		p.addf("MinRTO", low, "must not be above MaxRTO, which is %v", high)
	}
}

// or returns what a field of a config means.
func or[T comparable](value, ifZero T) T {
	if value == *new(T) {
		return ifZero
	}
	return value
}

// complete returns the config with the meaning of each zero field in its place.
func (c Config) complete(scheduled bool) Config {
	c.Prefix = plainPrefix(or(c.Prefix, netip.PrefixFrom(netip.AddrFrom4([4]byte{10}), 8)))
	c.BufferBytes = or(c.BufferBytes, DefaultBufferBytes)
	c.Backlog = or(c.Backlog, DefaultBacklog)
	if scheduled {
		c.MaxEvents = or(c.MaxEvents, DefaultMaxEvents)
	}
	c.MaxEvents = max(c.MaxEvents, 0)
	c.DialTimeout = min(or(c.DialTimeout, DefaultDialTimeout), forever)
	c.WriteTimeout = min(or(c.WriteTimeout, DefaultWriteTimeout), forever)
	c.MinRTO = min(or(c.MinRTO, DefaultMinRTO), forever)
	c.MaxRTO = min(or(c.MaxRTO, DefaultMaxRTO), forever)
	return c
}
