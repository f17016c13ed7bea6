package httpx

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ForwardedMode says which header fields tell the next server about the client.
type ForwardedMode int

const (
	// ForwardX uses X-Forwarded-For, X-Forwarded-Host and X-Forwarded-Proto.
	ForwardX ForwardedMode = iota
	// ForwardStandard uses Forwarded (RFC 7239).
	ForwardStandard
	// ForwardBoth sends both. Those of X-Forwarded are believed.
	ForwardBoth
	// ForwardNone tells nothing, and believes nothing.
	ForwardNone
)

// String returns "x", "standard", "both" or "none".
func (m ForwardedMode) String() string {
	names := []string{"x", "standard", "both", "none"}
	if m < 0 || int(m) >= len(names) {
		return "unknown"
	}
	return names[m]
}

// Forwarding is what is said, and believed, of where a request came from. The
// zero value believes nobody. It is safe for concurrent use while nobody changes
// it.
type Forwarding struct {
	// Trusted are the addresses of proxies whose header fields are believed.
	// IPv4-mapped addresses and prefixes are IPv4. A peer of a unix socket has
	// no address, so it is not trusted.
	Trusted []netip.Prefix
	// Mode is which fields are read and written. All others of the kind are
	// dropped: a proxy that is trusted may pass on what it does not know.
	Mode ForwardedMode
}

// ClientAddr returns where a request comes from: the address of the peer, or, if
// that is a trusted proxy, the last address that the header names and that is
// not trusted itself. When a proxy has named none, or has not said it in a way
// that can be read, that is the address of the proxy. The result is not valid
// if the peer has no IP address.
func (f *Forwarding) ClientAddr(r *http.Request) netip.Addr {
	peer := peerAddr(r)
	if !f.trusts(peer) {
		return peer
	}
	client := peer
	for _, node := range slices.Backward(f.nodes(r.Header)) {
		a := nodeAddr(node)
		if !a.IsValid() {
			return client
		}
		if client = a; !f.trusts(a) {
			return client
		}
	}
	return client
}

// nodes returns what the believed fields name, the client first.
func (f *Forwarding) nodes(h http.Header) (nodes []string) {
	switch f.Mode {
	case ForwardX, ForwardBoth:
		for _, v := range h["X-Forwarded-For"] {
			for node := range strings.SplitSeq(v, ",") {
				nodes = append(nodes, strings.TrimSpace(node))
			}
		}
	case ForwardStandard:
		elements, err := ParseForwarded(h["Forwarded"])
		if err != nil {
			return nil
		}
		for _, e := range elements {
			nodes = append(nodes, e.For)
		}
	}
	return nodes
}

// trusts says whether a is one of the trusted.
func (f *Forwarding) trusts(a netip.Addr) bool {
	return a.IsValid() && slices.ContainsFunc(f.Trusted, func(p netip.Prefix) bool {
		if b := p.Addr(); b.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(b.Unmap(), p.Bits()-96)
		}
		return p.Contains(a)
	})
}

// peerAddr returns the address of the peer.
func peerAddr(r *http.Request) netip.Addr {
	if p, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return p.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// check adds what is wrong with it.
func (f *Forwarding) check(p *problems) {
	for _, t := range f.Trusted {
		if !t.IsValid() {
			p.add("Forwarding.Trusted", t.String(), errInvalid)
		}
	}
	if f.Mode < ForwardX || f.Mode > ForwardNone {
		p.add("Forwarding.Mode", f.Mode.String(), errInvalid)
	}
}

// Apply makes the fields of out, the header of the request to the next server,
// from those of the request in. What out has of them is dropped: what a peer
// says that is not trusted, and what Mode does not name.
func (f *Forwarding) Apply(in *http.Request, out http.Header) {
	dropForwarded(out)
	trusted := f.trusts(peerAddr(in))
	if f.Mode == ForwardX || f.Mode == ForwardBoth {
		f.applyX(in, out, trusted)
	}
	if f.Mode == ForwardStandard || f.Mode == ForwardBoth {
		f.applyStandard(in, out, trusted)
	}
}

func (f *Forwarding) applyX(in *http.Request, out http.Header, trusted bool) {
	host, proto := in.Host, schemeOf(in)
	var nodes []string
	if trusted {
		nodes = slices.DeleteFunc(f.nodes(in.Header), func(s string) bool { return s == "" })
		if v := in.Header["X-Forwarded-Host"]; len(v) == 1 && v[0] != "" {
			host = v[0]
		}
		if v := in.Header["X-Forwarded-Proto"]; len(v) == 1 && isScheme(v[0]) {
			proto = strings.ToLower(v[0])
		}
	}
	if a := peerAddr(in); a.IsValid() {
		nodes = append(nodes, a.String())
	} else {
		nodes = append(nodes, "unknown")
	}
	out.Set("X-Forwarded-For", strings.Join(nodes, ", "))
	out.Set("X-Forwarded-Host", host)
	out.Set("X-Forwarded-Proto", proto)
}

func (f *Forwarding) applyStandard(in *http.Request, out http.Header, trusted bool) {
	var elements []string
	if trusted {
		for _, e := range f.prior(in.Header) {
			elements = append(elements, e.String())
		}
		elements = slices.DeleteFunc(elements, func(s string) bool { return s == "" })
	}
	own := Forwarded{For: nodeOf(peerAddr(in)), Host: in.Host, Proto: schemeOf(in)}
	out.Set("Forwarded", strings.Join(append(elements, own.String()), ", "))
}

// prior returns what the proxies before have said, none if it cannot be read.
// With ForwardBoth that is what they say in X-Forwarded-For: a proxy that writes
// this one alone passes on a Forwarded that the client has made up.
func (f *Forwarding) prior(h http.Header) (prior []Forwarded) {
	if f.Mode == ForwardStandard {
		prior, _ = ParseForwarded(h["Forwarded"])
		return prior
	}
	for _, node := range f.nodes(h) {
		if node != "" {
			prior = append(prior, Forwarded{For: nodeOf(nodeAddr(node))})
		}
	}
	return prior
}

// nodeOf returns an address in the form of RFC 7239, section 6.
func nodeOf(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "unknown"
	case a.Is4():
		return a.String()
	}
	return "[" + a.String() + "]"
}

// dropForwarded removes every field that tells of the client, those too that
// only a CGI-like server would take for one.
func dropForwarded(h http.Header) {
	for name := range h {
		switch n := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")); {
		case n == "Forwarded", n == "X-Real-Ip", n == "X-Forwarded", strings.HasPrefix(n, "X-Forwarded-"):
			delete(h, name)
		}
	}
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func isScheme(s string) bool { return strings.EqualFold(s, "http") || strings.EqualFold(s, "https") }
