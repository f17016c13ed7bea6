package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"
)

// What the zero values of [PoolConfig] mean.
const (
	DefaultPoolRefreshInterval    = 30 * time.Second
	DefaultPoolMinRefresh         = time.Second
	DefaultPoolLookupTimeout      = 5 * time.Second
	DefaultPoolDialTimeout        = 10 * time.Second
	DefaultPoolFallbackDelay      = 300 * time.Millisecond
	DefaultPoolMinBackoff         = 100 * time.Millisecond
	DefaultPoolMaxBackoff         = 30 * time.Second
	DefaultPoolMaxIdle            = 90 * time.Second
	DefaultPoolMaxHosts           = 256
	DefaultPoolMaxAddresses       = 64
	DefaultPoolMaxConnsPerAddress = 128
	DefaultPoolMaxAttempts        = 3
)

// PoolPolicy says which address of a name gets the next request.
type PoolPolicy int

const (
	// PoolRoundRobin takes the addresses in turn, from a random one on.
	PoolRoundRobin PoolPolicy = iota
	// PoolLeastRequests takes the address with the fewest requests in flight,
	// in turn where several have as few.
	PoolLeastRequests
)

// String returns the policy's name.
func (p PoolPolicy) String() string {
	switch p {
	case PoolRoundRobin:
		return "RoundRobin"
	case PoolLeastRequests:
		return "LeastRequests"
	}
	return fmt.Sprintf("PoolPolicy(%d)", int(p))
}

// PoolConfig describes a [Pool]. The zero value is useful. NewPool takes
// copies and never changes it. Durations and numbers may not be negative.
type PoolConfig struct {
	// Transport makes the conns: its dialer, TLS config, protocols, timeouts,
	// limits of headers, buffers and HTTP/2 settings hold for each of them. nil
	// is [NewTransport](nil). What concerns many conns does not hold: idle
	// conns, their limits and IdleConnTimeout are up to the fields below, and
	// registered protocols are left out.
	//
	// It may not have a DialTLSContext, DialTLS or Dial, and a request for which
	// its Proxy chooses a proxy fails: a proxy would resolve the name itself.
	Transport *http.Transport

	// Lookup returns the addresses of a name. nil asks net.DefaultResolver. The
	// network is "ip", "ip4" or "ip6", as Network says; what does not belong to
	// it is left out. It is called by many goroutines at the same time and has
	// to return when its context ends, which Close makes happen too.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

	// Network is "ip" for addresses of both versions of IP, "ip4" or "ip6" for
	// those of one. "" is "ip".
	Network string

	// Policy chooses among the addresses. The zero value is PoolRoundRobin.
	Policy PoolPolicy

	// RefreshInterval is the time after which a name in use is looked up again.
	// 0 means 30 s.
	RefreshInterval time.Duration

	// MinRefresh is the least time between two lookups of a name with known
	// addresses: failing conns cause early ones. 0 means 1 s.
	MinRefresh time.Duration

	// LookupTimeout limits each lookup. 0 means 5 s.
	LookupTimeout time.Duration

	// DialTimeout limits each attempt to connect to an address, with the TLS
	// handshake. 0 means 10 s.
	DialTimeout time.Duration

	// FallbackDelay is how long a request waits for a conn to the address that
	// Policy chose, before it takes any other. 0 means 300 ms.
	FallbackDelay time.Duration

	// MinBackoff and MaxBackoff bound the time for which an address is left
	// alone after it failed: MinBackoff after the first failure, doubled after
	// each further one, each time between half and all of it by chance. 0 means
	// 100 ms and 30 s.
	MinBackoff, MaxBackoff time.Duration

	// MaxIdle is the time after which an unused conn is closed, and a name
	// forgotten that no request was for. 0 means 90 s.
	MaxIdle time.Duration

	// MaxHosts bounds the names that are known at the same time; beyond it the
	// one that was used least recently is forgotten: its requests end normally.
	// Each scheme and port counts. 0 means 256.
	MaxHosts int

	// MaxAddresses bounds the addresses used of one name. Known ones stay, then
	// come those that Lookup returned first. 0 means 64.
	MaxAddresses int

	// MaxConnsPerAddress bounds the conns to one address of a name: those with
	// HTTP/1.1 take one request each; with HTTP/2 there is a further one only
	// when the streams of all others are taken. Requests beyond it wait. 0
	// means 128. Conns that were upgraded (101), and those that are closed as
	// soon as their last request ends, do not count.
	MaxConnsPerAddress int

	// MaxAttempts bounds how often a request is sent, as far as it is safe to
	// send it again, and how many failed dials it survives when no address can
	// be reached. 0 means 3.
	MaxAttempts int

	// OnEvent, when set, is called with PoolDialed for each dial, its TLS handshake
	// included, that has ended; see [Event]. Requests that the conn is for may go on
	// before.
	OnEvent func(Event)
}

// withDefaults returns a copy in which nothing is zero but Transport and Lookup.
func (c *PoolConfig) withDefaults() *PoolConfig {
	n := PoolConfig{}
	if c != nil {
		n = *c
	}
	if n.Network == "" {
		n.Network = "ip"
	}
	for _, d := range n.durations() {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	for _, i := range n.limits() {
		if *i.value == 0 {
			*i.value = i.zero
		}
	}
	return &n
}

// A poolSetting is a field of PoolConfig with what its zero means.
type poolSetting[T int | time.Duration] struct {
	name  string
	value *T
	zero  T
}

func (c *PoolConfig) durations() []poolSetting[time.Duration] {
	return []poolSetting[time.Duration]{
		{"RefreshInterval", &c.RefreshInterval, DefaultPoolRefreshInterval},
		{"MinRefresh", &c.MinRefresh, DefaultPoolMinRefresh},
		{"LookupTimeout", &c.LookupTimeout, DefaultPoolLookupTimeout},
		{"DialTimeout", &c.DialTimeout, DefaultPoolDialTimeout},
		{"FallbackDelay", &c.FallbackDelay, DefaultPoolFallbackDelay},
		{"MinBackoff", &c.MinBackoff, DefaultPoolMinBackoff},
		{"MaxBackoff", &c.MaxBackoff, max(DefaultPoolMaxBackoff, c.MinBackoff)},
		{"MaxIdle", &c.MaxIdle, DefaultPoolMaxIdle},
	}
}

func (c *PoolConfig) limits() []poolSetting[int] {
	return []poolSetting[int]{
		{"MaxHosts", &c.MaxHosts, DefaultPoolMaxHosts},
		{"MaxAddresses", &c.MaxAddresses, DefaultPoolMaxAddresses},
		{"MaxConnsPerAddress", &c.MaxConnsPerAddress, DefaultPoolMaxConnsPerAddress},
		{"MaxAttempts", &c.MaxAttempts, DefaultPoolMaxAttempts},
	}
}

// Check says what [NewPool] would say of the config, without making anything.
func (c *PoolConfig) Check() error { return c.withDefaults().check() }

// check looks at a config with defaults.
func (c *PoolConfig) check() error {
	var p problems
	for _, d := range c.durations() {
		checkNotNegative(&p, d.name, *d.value)
	}
	for _, i := range c.limits() {
		checkNotNegative(&p, i.name, *i.value)
	}
	if c.MinBackoff > c.MaxBackoff && c.MaxBackoff >= 0 {
		p.add("MinBackoff", c.MinBackoff.String(), fmt.Errorf("must not be above MaxBackoff=%v", c.MaxBackoff))
	}
	switch c.Network {
	case "ip", "ip4", "ip6":
	default:
		p.add("Network", c.Network, errors.New("must be ip, ip4 or ip6"))
	}
	if c.Policy != PoolRoundRobin && c.Policy != PoolLeastRequests {
		p.add("Policy", c.Policy.String(), errors.New("must be PoolRoundRobin or PoolLeastRequests"))
	}
	c.checkTransport(&p)
	return errors.Join(p...)
}

// checkTransport refuses what would bypass the addresses or the name.
func (c *PoolConfig) checkTransport(p *problems) {
	t := c.Transport
	if t == nil {
		return
	}
	err := errors.New("must be nil: conns come from DialContext, and TLS has to verify the name")
	if t.DialTLSContext != nil {
		p.add("Transport.DialTLSContext", "", err)
	}
	if t.DialTLS != nil { //nolint:staticcheck // deprecated, and to be refused for just that
		p.add("Transport.DialTLS", "", err)
	}
	if t.Dial != nil { //nolint:staticcheck // as above
		p.add("Transport.Dial", "", errors.New("must be nil: it has no context; use DialContext"))
	}
}
