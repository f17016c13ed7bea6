package forward

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// The defaults of a [Config].
const (
	DefaultMaxFlows        = 16384
	DefaultMaxHalfOpen     = 1024
	DefaultDialTimeout     = 30 * time.Second
	DefaultIdleTimeout     = 2*time.Hour + 4*time.Minute // RFC 5382, REQ-5
	DefaultHalfOpenTimeout = 30 * time.Second
	DefaultHalfClose       = 4 * time.Minute // RFC 5382, REQ-5
)

// Echo is what becomes of pings.
type Echo uint8

// The answers to pings.
const (
	// EchoDrop answers none: a host that does not exist does not answer.
	EchoDrop Echo = iota
	// EchoAnswer answers all, for every address.
	EchoAnswer
	// EchoPass calls Config.OnEcho.
	EchoPass
)

// Config says where flows go and what bounds them. Fields that are zero have the default.
type Config struct {
	// Streams dials for TCP flows: to the flow's destination, "address:port". nil
	// refuses them with a reset.
	Streams tunx.StreamDialer
	// Packets takes the datagrams. nil answers them with "port unreachable".
	Packets tunx.PacketProxy
	// DNS, when set, stands between the datagrams and Packets: it may answer, truncate
	// or pass on. See package tunx/dnsintercept, which makes such proxies.
	DNS func(next tunx.PacketProxy) (tunx.PacketProxy, error)

	// MaxFlows bounds the TCP flows, those that are being dialled included. 0 is 16384.
	MaxFlows int
	// MaxHalfOpen bounds the TCP flows that are being dialled. 0 is 1024.
	MaxHalfOpen int
	// MaxPerSource bounds the TCP flows of one source address. 0 is no bound.
	MaxPerSource int
	// Overflow is what becomes of a SYN above a bound. The zero value is
	// [netstack.Drop]; the client tries again. [netstack.Reset] refuses it at once.
	Overflow netstack.Verdict

	// DialTimeout bounds a dial. 0 is 30 s.
	DialTimeout time.Duration
	// ResetOnTimeout refuses a flow whose dial ran out of time. Otherwise it is left
	// without an answer, as on a network, and the client's next SYN is a new dial.
	ResetOnTimeout bool
	// HandshakeTimeout bounds the client's part of the handshake. 0 is 30 s.
	HandshakeTimeout time.Duration
	// IdleTimeout resets a TCP flow without traffic. 0 is 2 h 4 min (RFC 5382), negative
	// is never.
	IdleTimeout time.Duration
	// HalfCloseTimeout is the same for a flow of which one direction has ended. 0 is
	// 4 min, negative is never.
	HalfCloseTimeout time.Duration

	// Sessions bounds the UDP sessions. Its callbacks are called.
	Sessions *tunx.SessionConfig

	// Echo says what becomes of pings.
	Echo Echo
	// OnEcho is called with each ping when Echo is EchoPass. reply answers it, later as
	// well; without it the ping is dropped. OnEcho must not wait, nor keep e.Data.
	OnEcho func(e netstack.Echo, reply func(data []byte) error)

	// OnFlow is called when a TCP flow begins, ends or fails, in the goroutine of the flow.
	OnFlow func(Event)

	// Stack configures the TCP/IP stack. Its TimeWait is none when it is 0.
	Stack *netstack.Config
}

// withDefaults returns the config with its defaults, or an error for each bad field.
func (c *Config) withDefaults() (Config, error) {
	var d Config
	if c != nil {
		d = *c
	}
	var bad []error
	for _, f := range []struct {
		name  string
		value *int
		unset int
	}{
		{"MaxFlows", &d.MaxFlows, DefaultMaxFlows},
		{"MaxHalfOpen", &d.MaxHalfOpen, DefaultMaxHalfOpen},
		{"MaxPerSource", &d.MaxPerSource, 0},
	} {
		if *f.value < 0 {
			bad = append(bad, badField(f.name, *f.value, errNegative))
		} else if *f.value == 0 {
			*f.value = f.unset
		}
	}
	for _, f := range []struct {
		name     string
		value    *time.Duration
		unset    time.Duration
		negative bool
	}{
		{"DialTimeout", &d.DialTimeout, DefaultDialTimeout, false},
		{"HandshakeTimeout", &d.HandshakeTimeout, DefaultHalfOpenTimeout, false},
		{"IdleTimeout", &d.IdleTimeout, DefaultIdleTimeout, true},
		{"HalfCloseTimeout", &d.HalfCloseTimeout, DefaultHalfClose, true},
	} {
		if *f.value < 0 && !f.negative {
			bad = append(bad, badField(f.name, *f.value, errNegative))
		} else if *f.value == 0 {
			*f.value = f.unset
		}
	}
	bad = append(bad, d.checkChoices()...)
	return d, errors.Join(bad...)
}

func (c *Config) checkChoices() []error {
	var bad []error
	if c.Overflow > netstack.Drop {
		bad = append(bad, badField("Overflow", c.Overflow, errChoice))
	}
	if c.Overflow == netstack.Admit {
		c.Overflow = netstack.Drop
	}
	if c.Echo > EchoPass {
		bad = append(bad, badField("Echo", c.Echo, errChoice))
	}
	if c.Echo == EchoPass && c.OnEcho == nil {
		bad = append(bad, badField("OnEcho", "nil", errors.New("required by EchoPass")))
	}
	return bad
}

var (
	errNegative = errors.New("must not be negative")
	errChoice   = errors.New("none of the choices")
)

func badField(name string, value any, err error) error {
	return &Error{Op: "config", Field: name, Value: fmt.Sprint(value), Err: err}
}

// Error says what failed, on what, and why. It unwraps to its cause. Several failures come
// joined, each as an *Error of its own.
type Error struct {
	// Op is the operation: "config", "open", "dial", "accept", "copy".
	Op string
	// Field is the field or the flow that is to blame, "" if none is.
	Field string
	// Value is its value as text, "" if it has none.
	Value string
	// Err is the cause, never nil.
	Err error
}

// Error returns the message, for instance
// "forward: config: MaxFlows=-1: must not be negative".
func (e *Error) Error() string {
	s := "forward: " + e.Op
	if e.Field != "" {
		s += ": " + e.Field
	}
	if e.Value != "" {
		s += "=" + e.Value
	}
	return s + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether time ran out.
func (e *Error) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// anywhere are the routes of a forwarder: all goes to its device.
var anywhere = []netstack.Route{
	{Destination: netip.PrefixFrom(netip.IPv4Unspecified(), 0), NIC: nic},
	{Destination: netip.PrefixFrom(netip.IPv6Unspecified(), 0), NIC: nic},
}
