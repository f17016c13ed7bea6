package connectudp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/strata-net/strata/quicx/http3x"
)

// What a zero field of a [HandlerConfig] means.
const (
	// DefaultDialTimeout is for a resolver that does not answer at once.
	DefaultDialTimeout = 10 * time.Second
	// DefaultIdleTimeout is the least that RFC 4787, section 4.3, wants of a NAT.
	DefaultIdleTimeout = 2 * time.Minute
	// DefaultMaxSessions bounds what all clients together have open; a session has a socket.
	DefaultMaxSessions = 1024
)

// HandlerConfig describes a proxy. NewHandler copies it.
type HandlerConfig struct {
	// Template is the path, and the query if there is one, of the URI template
	// that clients have. Empty means DefaultTemplate.
	Template string
	// Allow decides on a request and its target, "host:port" as the client has
	// sent it: nil is yes, an error is answered by 403. It must be set, and should
	// know who the client is: an open proxy is what attackers look for.
	Allow func(r *http.Request, target string) error
	// AllowAddr decides on each address that the target has, after it was
	// resolved. Nil means [Public], so that nobody reaches what is behind the
	// proxy by a name of his own.
	AllowAddr func(r *http.Request, address netip.AddrPort) error
	// Resolver resolves names. Nil is net.DefaultResolver.
	Resolver *net.Resolver
	// Dialer opens the socket to an address. Nil is a [net.Dialer].
	Dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	}
	// DialTimeout bounds resolving and dialling. 0 means DefaultDialTimeout.
	// Negative is an error.
	DialTimeout time.Duration
	// IdleTimeout ends a session that carries nothing in either direction for so
	// long. 0 means DefaultIdleTimeout. Negative is an error.
	IdleTimeout time.Duration
	// MaxSessions bounds the sessions of all clients: what is above is answered by
	// 503. 0 means DefaultMaxSessions. Negative is an error.
	MaxSessions int
	// MaxSessionsPerSource bounds those of one address of IPv4, and of one /64 of
	// IPv6. 0 means no bound but MaxSessions. Negative is an error.
	MaxSessionsPerSource int
	// Name is the proxy's in Proxy-Status (RFC 9209), a token. Empty means
	// "connect-udp".
	Name string
	// OnError, when set, hears of what was refused, and of sessions that did not
	// end by a Close of the client. It is called by the goroutine of the request.
	OnError func(r *http.Request, err error)
}

func (c *HandlerConfig) clone() *HandlerConfig {
	if c == nil {
		c = &HandlerConfig{}
	}
	n := *c
	n.Template = cmp.Or(n.Template, DefaultTemplate)
	n.Name = cmp.Or(n.Name, protocol)
	n.DialTimeout = cmp.Or(n.DialTimeout, DefaultDialTimeout)
	n.IdleTimeout = cmp.Or(n.IdleTimeout, DefaultIdleTimeout)
	n.MaxSessions = cmp.Or(n.MaxSessions, DefaultMaxSessions)
	if n.AllowAddr == nil {
		n.AllowAddr = func(_ *http.Request, a netip.AddrPort) error { return Public(a.Addr()) }
	}
	if n.Resolver == nil {
		n.Resolver = net.DefaultResolver
	}
	if n.Dialer == nil {
		n.Dialer = &net.Dialer{}
	}
	return &n
}

// validate returns what the template matches.
func (c *HandlerConfig) validate() (*matcher, error) {
	var all []error
	add := func(field string, value any, err error) {
		all = append(all, &http3x.Error{Op: "config", Field: field, Value: fmt.Sprint(value), Err: err})
	}
	m, err := c.matcher()
	if err != nil {
		add("Template", c.Template, err)
	}
	if c.Allow == nil {
		add("Allow", "nil", errors.New("must be set: a proxy for everybody is never the default"))
	}
	for _, f := range []struct {
		name     string
		value    any
		negative bool
	}{
		{"DialTimeout", c.DialTimeout, c.DialTimeout < 0},
		{"IdleTimeout", c.IdleTimeout, c.IdleTimeout < 0},
		{"MaxSessions", c.MaxSessions, c.MaxSessions < 0},
		{"MaxSessionsPerSource", c.MaxSessionsPerSource, c.MaxSessionsPerSource < 0},
	} {
		if f.negative {
			add(f.name, f.value, errors.New("must not be negative"))
		}
	}
	if !isToken(c.Name) {
		add("Name", c.Name, errors.New("must be a token that begins with a letter"))
	}
	return m, errors.Join(all...)
}

func (c *HandlerConfig) matcher() (*matcher, error) {
	if !strings.HasPrefix(c.Template, "/") || strings.HasPrefix(c.Template, "//") { // two begin a host
		return nil, errors.New("must begin with one /")
	}
	t, err := parseTemplate(c.Template)
	if err != nil {
		return nil, err
	}
	return newMatcher(t)
}

// isToken is for the tokens of structured fields (RFC 9651, section 3.3.4).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`"(),;<=>?@[\]{}`, s[i]) >= 0) {
			return false
		}
	}
	return s != ""
}

// special are the networks without the meaning of an address of the internet
// that package netip has no word for (RFC 6890 and its registries).
var special = func() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// global6 is what IPv6 has for addresses of the internet so far (RFC 4291,
// section 4, and IANA's registry of the address space). NAT64, addresses that are
// IPv4's, segment routing and what is left of site-local are outside.
var global6 = netip.MustParsePrefix("2000::/3")

// Public returns an error for an address that is not one of the internet: of a
// private network, of this host, of a link, a multicast or a broadcast address,
// one for documentation, or one that leads into IPv4 (NAT64, 6to4, Teredo).
func Public(a netip.Addr) error {
	a = a.Unmap()
	plain := a.WithZone("")
	ok := a.IsGlobalUnicast() && !a.IsPrivate() && (a.Is4() || global6.Contains(plain))
	for _, p := range special {
		ok = ok && !p.Contains(plain)
	}
	if !ok {
		return fmt.Errorf("%s is no public address", a)
	}
	return nil
}
