package listener

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

const (
	// DefaultHeaderTimeout is used when ProxyProtocol.HeaderTimeout is zero.
	DefaultHeaderTimeout = 5 * time.Second
	// DefaultMaxHeader is used when ProxyProtocol.MaxHeader is zero.
	DefaultMaxHeader = 4096
)

// ProxyProtocol makes a listener take the addresses of its conns from the header
// that a proxy sends first (PROXY protocol, versions 1 and 2). For peers that may
// send one it is required, and it is read to its last byte and no further. The
// conn's RemoteAddr and LocalAddr are those that it announces, and ProxyHeaderOf
// gives all of it. A header that announces none (UNKNOWN, LOCAL) leaves the
// real ones.
//
// Config.Allow is matched with the address of the peer. Config.Deny is matched
// with it too, together with Allow, and then, by itself, with the announced
// source. Config.MaxConnsPerSource counts what RemoteAddr is.
type ProxyProtocol struct {
	// Trusted are the peers that send a header. It must be set, unless all
	// addresses are unix sockets: their peers are local, and always trusted.
	Trusted []netip.Prefix

	// Untrusted says what becomes of all other peers.
	Untrusted Untrusted

	// Allow, if not empty, are the announced sources that are admitted. A conn
	// that announces none is not concerned.
	Allow []netip.Prefix

	// HeaderTimeout limits the wait for the whole header. 0 means
	// DefaultHeaderTimeout. Negative is an error.
	HeaderTimeout time.Duration

	// MaxHeader bounds a header of version 2, in bytes, 52 (two IPv6 addresses
	// and nothing else) to 4112. 0 means DefaultMaxHeader. A header of version 1
	// has at most 107.
	MaxHeader int
}

// Untrusted says what becomes of peers that may not send a PROXY header.
type Untrusted int

const (
	// RefuseUntrusted resets them.
	RefuseUntrusted Untrusted = iota
	// DirectUntrusted serves them as clients of their own. What they send is
	// never taken for a header.
	DirectUntrusted
)

// String returns "refuse" or "direct".
func (u Untrusted) String() string {
	switch u {
	case RefuseUntrusted:
		return "refuse"
	case DirectUntrusted:
		return "direct"
	}
	return "unknown"
}

func (p *ProxyProtocol) clone() *ProxyProtocol {
	if p == nil {
		return nil
	}
	n := *p
	n.Trusted, n.Allow = slices.Clone(p.Trusted), slices.Clone(p.Allow)
	if n.HeaderTimeout == 0 {
		n.HeaderTimeout = DefaultHeaderTimeout
	}
	if n.MaxHeader == 0 {
		n.MaxHeader = DefaultMaxHeader
	}
	return &n
}

func (p *ProxyProtocol) check(all *problems, onlyUnix bool) {
	const field, fewest, most = "ProxyProtocol.", 52, 4112
	if p == nil {
		return
	}
	plain(all, field+"Trusted", p.Trusted)
	plain(all, field+"Allow", p.Allow)
	if len(p.Trusted) == 0 && !onlyUnix {
		all.add(field+"Trusted", "", errors.New("is empty: nobody could connect; name the proxies"))
	}
	if p.HeaderTimeout < 0 {
		all.add(field+"HeaderTimeout", p.HeaderTimeout.String(), errNegative)
	}
	if p.MaxHeader < fewest || p.MaxHeader > most {
		all.add(field+"MaxHeader", fmt.Sprint(p.MaxHeader), fmt.Errorf("is not from %d to %d", fewest, most))
	}
	if p.Untrusted != RefuseUntrusted && p.Untrusted != DirectUntrusted {
		all.add(field+"Untrusted", p.Untrusted.String(), fmt.Errorf("%d is not a policy", p.Untrusted))
	}
}

// proxy is a ProxyProtocol in use.
type proxy struct {
	trusted *access.Rules
	allow   *access.Rules // of announced sources
	deny    *access.Rules
	direct  bool
	timeout time.Duration
	most    int
}

// newProxy returns nil if there is none.
func newProxy(c *Config) *proxy {
	p := c.ProxyProtocol
	if p == nil {
		return nil
	}
	return &proxy{
		trusted: access.New(p.Trusted, nil),
		allow:   access.New(p.Allow, nil),
		deny:    access.New(nil, c.Deny),
		direct:  p.Untrusted == DirectUntrusted,
		timeout: p.HeaderTimeout,
		most:    p.MaxHeader,
	}
}

// expects reports whether a peer has to send a header, and whether it is
// welcome at all.
func (p *proxy) expects(peer netip.Addr) (header, welcome bool) {
	switch {
	case p == nil:
		return false, true
	case p.trusted.Admits(peer): // a unix peer always is
		return true, true
	}
	return false, p.direct
}

// admits reports whether an announced source may come in.
func (p *proxy) admits(source netip.Addr) bool {
	return p.allow.Admits(source) && p.deny.Admits(source)
}

// receive reads the header of a conn.
func (p *proxy) receive(conn net.Conn) (*ProxyHeader, error) {
	if err := conn.SetReadDeadline(time.Now().Add(p.timeout)); err != nil {
		return nil, err
	}
	b, err := readHeader(conn, p.most)
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	return h, conn.SetReadDeadline(time.Time{})
}

// announce gives a conn the addresses of its header. It returns what speaks
// against the source, 0 if nothing does.
func (g *gate) announce(v *visitor, h *ProxyHeader) EventKind {
	v.link.header = h
	if source := access.AddrOf(h.Source); source.IsValid() {
		v.peer = source
		if !g.proxy.admits(source) {
			return RefusedAnnounced
		}
	}
	if !g.takeSource(v.peer, &v.link.ticket) {
		return RefusedBySource
	}
	return 0
}
