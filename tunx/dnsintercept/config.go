package dnsintercept

import (
	"errors"
	"net/netip"
	"strconv"
	"time"

	"github.com/strata-net/strata/tunx"
)

const (
	// DefaultTimeout is used when Config.Timeout is zero.
	DefaultTimeout = 5 * time.Second
	// DefaultMaxInFlight is used when Config.MaxInFlight is zero.
	DefaultMaxInFlight = 256

	dnsPort = 53
)

// Config says which datagrams are queries, and who answers them.
type Config struct {
	// Resolve answers the queries. nil is an error: [Pass] leaves them alone.
	Resolve Resolver

	// Match says whether a datagram to destination is a query. nil means port 53.
	Match func(destination netip.AddrPort) bool

	// Timeout bounds the answer to a query: then the context ends, and the client gets
	// SERVFAIL once Resolve has returned. 0 means [DefaultTimeout].
	Timeout time.Duration

	// MaxInFlight bounds the queries of all sessions that wait for their answer. One above
	// is answered with SERVFAIL at once. 0 means [DefaultMaxInFlight].
	MaxInFlight int

	// OnQuery is called after each query, with the length of the answer, and the error of
	// Resolve or of the delivery. nil means not.
	OnQuery func(destination netip.AddrPort, answered int, err error)
}

// check returns all that is wrong, joined.
func (c *Config) check(next tunx.PacketProxy) error {
	var all []error
	bad := func(field, value string, reason string) {
		all = append(all, &tunx.Error{Op: "config", Field: field, Value: value, Err: errors.New(reason)})
	}
	if next == nil {
		bad("next", "nil", "must not be nil")
	}
	if c == nil {
		bad("cfg", "nil", "must not be nil")
		return errors.Join(all...)
	}
	if c.Resolve == nil {
		bad("Resolve", "nil", "must not be nil")
	}
	if c.Timeout < 0 {
		bad("Timeout", c.Timeout.String(), "must not be negative")
	}
	if c.MaxInFlight < 0 {
		bad("MaxInFlight", strconv.Itoa(c.MaxInFlight), "must not be negative")
	}
	return errors.Join(all...)
}

// clone returns a copy with the defaults in the place of zeros.
func (c *Config) clone() Config {
	n := *c
	if n.Match == nil {
		n.Match = func(a netip.AddrPort) bool { return a.Port() == dnsPort }
	}
	if n.Timeout == 0 {
		n.Timeout = DefaultTimeout
	}
	if n.MaxInFlight == 0 {
		n.MaxInFlight = DefaultMaxInFlight
	}
	return n
}
