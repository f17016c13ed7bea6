package dialer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// rewrites finds the rule for a target. It is made once and then only read.
type rewrites struct {
	tcp, udp hosts
	path     map[string]*destination // by unix network and path, see pathKey
}

// hosts are the rules of a protocol by host: one lookup for the host and one for
// each suffix that may have a rule, however many rules there are.
type hosts struct {
	exact  map[string]*ports // names and IPv4
	ipv6   map[netip.Addr]*ports
	below  map[string]*ports // ".example.com"
	depths []bool            // which numbers of labels the suffixes in below have
	any    ports
}

// ports are the rules of one host.
type ports struct {
	exact map[int]*versions
	any   versions
}

// versions are the rules of one host and port, by the version of FromNetwork.
type versions struct{ any, v4, v6 *destination }

// newRewrites compiles the rules. Its error joins those of all bad ones.
func newRewrites(rules []Rewrite) (*rewrites, error) {
	if len(rules) == 0 {
		return nil, nil //nolint:nilnil // find works on nil: no rules, no table
	}
	t := &rewrites{path: map[string]*destination{}}
	var errs []error
	for i, r := range rules {
		n, err := newRule(r)
		if err == nil {
			err = t.add(n)
		}
		if err != nil {
			errs = append(errs, badRewrite(i, r, err))
		}
	}
	return t, errors.Join(errs...)
}

func badRewrite(i int, r Rewrite, err error) error {
	return &Error{Op: "config", Field: fmt.Sprintf("Rewrites[%d]", i), Value: r.String(), Err: err}
}

func (t *rewrites) add(n rule) error {
	if isUnix(n.protocol) {
		key := string(pathKey(nil, n.protocol, n.host))
		d := t.path[key]
		if d == nil {
			t.path[key] = &n.to
			return nil
		}
		return d.equal(&n.to)
	}
	return t.of(n.protocol).of(n.host).of(n.port).add(n)
}

// of returns the rules of a protocol of IP, nil for another one.
func (t *rewrites) of(protocol string) *hosts {
	switch protocol {
	case "tcp":
		return &t.tcp
	case "udp":
		return &t.udp
	}
	return nil
}

// of returns the rules of a host, made if there are none yet.
func (h *hosts) of(host string) *ports {
	switch {
	case host == "*":
		return &h.any
	case strings.HasPrefix(host, "."):
		h.below = made(h.below)
		labels := strings.Count(host, ".")
		h.depths = append(h.depths, make([]bool, max(0, labels+1-len(h.depths)))...)
		h.depths[labels] = true
		return entry(h.below, host)
	}
	if ip, ok := ipv6(host); ok {
		h.ipv6 = made(h.ipv6)
		return entry(h.ipv6, ip)
	}
	h.exact = made(h.exact)
	return entry(h.exact, host)
}

// of returns the rules of a port, made if there are none yet.
func (p *ports) of(port int) *versions {
	if port == anyPort {
		return &p.any
	}
	p.exact = made(p.exact)
	return entry(p.exact, port)
}

func (v *versions) add(n rule) error {
	d := &v.any
	switch n.version {
	case "4":
		d = &v.v4
	case "6":
		d = &v.v6
	}
	if *d == nil {
		*d = &n.to
		return nil
	}
	return (*d).equal(&n.to)
}

// equal is nil for a rule that only repeats another one.
func (d *destination) equal(other *destination) error {
	if *d == *other {
		return nil
	}
	return fmt.Errorf("another rule leads the same target to %s%s|%s", d.protocol, d.version, d.address)
}

func made[K comparable, V any](m map[K]V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	return m
}

// entry returns the entry of the key, a new one if there is none.
func entry[K comparable, V any](m map[K]*V, key K) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		m[key] = v
	}
	return v
}

// maxPath is longer than every path of a unix socket (108 bytes).
const maxPath = 128

// pathKey is unique since no network has a NUL.
func pathKey(dst []byte, network, path string) []byte {
	dst = append(dst, network...)
	dst = append(dst, 0)
	return append(dst, path...)
}

// find returns where a dial of the target leads, nil for "as it is". It does
// not allocate: the keys are made on the stack.
func (t *rewrites) find(network, address string) *destination {
	if t == nil {
		return nil
	}
	if isUnix(network) {
		var buf [maxPath]byte
		return t.path[string(pathKey(buf[:0], network, address))]
	}
	protocol, version := split(network)
	h := t.of(protocol)
	if h == nil || h.empty() {
		return nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil || len(host) > maxHost {
		return nil // package net will say what is wrong with it
	}
	port, ok := portNumber(protocol, service)
	if !ok {
		return nil
	}
	return h.find(host, port, version)
}

func (h *hosts) empty() bool {
	return len(h.exact)+len(h.ipv6)+len(h.below) == 0 && h.any.exact == nil && h.any.any == versions{}
}

func (h *hosts) find(host string, port int, version string) *destination {
	if ip, ok := ipv6(host); ok {
		if d := h.ipv6[ip].find(port, version); d != nil {
			return d
		}
		return h.any.find(port, version)
	}
	var buf [maxHost]byte
	name := fold(&buf, host)
	if d := h.exact[string(name)].find(port, version); d != nil {
		return d
	}
	if d := h.parent(name, port, version); d != nil {
		return d
	}
	return h.any.find(port, version)
}

// parent finds the rule for everything below a parent of the name, the nearest
// parent's. It looks only for suffixes as long as one that has a rule: a name
// of a hundred labels must not cost a hundred lookups.
func (h *hosts) parent(name []byte, port int, version string) (found *destination) {
	labels := 0
	for i := len(name) - 1; i > 0 && labels < len(h.depths)-1; i-- {
		if name[i] != '.' {
			continue
		}
		if labels++; labels == 1 && numeric(name[i+1:]) {
			return nil // the last number of IPv4
		}
		if h.depths[labels] {
			if d := h.below[string(name[i:])].find(port, version); d != nil {
				found = d
			}
		}
	}
	return found
}

func (p *ports) find(port int, version string) *destination {
	if p == nil {
		return nil
	}
	if d := p.exact[port].find(version); d != nil {
		return d
	}
	return p.any.find(version)
}

func (v *versions) find(version string) *destination {
	switch {
	case v == nil:
		return nil
	case version == "4" && v.v4 != nil:
		return v.v4
	case version == "6" && v.v6 != nil:
		return v.v6
	}
	return v.any
}

// target returns what is to be dialled instead of network and address, which
// the rule has matched.
func (d *destination) target(network, address string) (string, string) {
	to := d.protocol + d.version
	if _, version := split(network); d.version == "" && !isUnix(d.protocol) {
		to = d.protocol + version
	}
	if !d.keepHost && !d.keepPort {
		return to, d.address
	}
	host, port, _ := net.SplitHostPort(address) // it matched, so it can be split
	if !d.keepHost {
		host = d.host
	}
	if !d.keepPort {
		port = d.port
	}
	return to, net.JoinHostPort(host, port)
}
