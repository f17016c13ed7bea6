package dialer

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
)

// A LocalPolicy says which address of Config.LocalAddrs a dial takes, among those that fit the target's version of IP.
type LocalPolicy uint8

const (
	// LocalRoundRobin takes one after the other.
	LocalRoundRobin LocalPolicy = iota
	// LocalHash takes always the same for the same target (the address that is dialled, a name or an IP address, and
	// its port), also in another process with the same pool.
	LocalHash
)

// String returns "round robin" or "hash".
func (p LocalPolicy) String() string {
	switch p {
	case LocalRoundRobin:
		return "round robin"
	case LocalHash:
		return "hash"
	}
	return fmt.Sprintf("LocalPolicy(%d)", uint8(p))
}

func (p LocalPolicy) validate() error {
	if p > LocalHash {
		return fmt.Errorf("%d is not a policy", uint8(p))
	}
	return nil
}

// A pool is what Config.LocalAddrs has for one network.
type pool struct {
	policy LocalPolicy
	all    rotation // for targets without a version, such as unix
	v4, v6 rotation
}

// A rotation is a list of addresses that take turns.
type rotation struct {
	addrs []net.Addr
	next  atomic.Uint64
}

// newPool takes the members that fit the network. Its error says why there is none.
func newPool(locals []local, policy LocalPolicy, network string) (*pool, error) {
	p := &pool{policy: policy}
	var errs []error
	for _, l := range locals {
		addr, narrowed, err := l.on(network)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p.all.addrs = append(p.all.addrs, addr)
		_, version := split(narrowed)
		if isUnix(network) {
			continue
		}
		if version != "6" && l.carries(4) {
			p.v4.addrs = append(p.v4.addrs, addr)
		}
		if version != "4" && l.carries(6) {
			p.v6.addrs = append(p.v6.addrs, addr)
		}
	}
	if len(p.all.addrs) == 0 {
		return nil, errors.Join(errs...)
	}
	return p, nil
}

// of returns the members for targets of a version of IP, 0 for any.
func (p *pool) of(version int) *rotation {
	switch version {
	case 4:
		return &p.v4
	case 6:
		return &p.v6
	}
	return &p.all
}

// pick returns the source of a dial, or why there is none.
func (p *pool) pick(target string, version int) (net.Addr, error) {
	r := p.of(version)
	switch {
	case len(r.addrs) == 0:
		return nil, fmt.Errorf("none is an IPv%d address", version)
	case p.policy == LocalHash:
		return r.addrs[hash(target)%uint64(len(r.addrs))], nil
	}
	return r.addrs[(r.next.Add(1)-1)%uint64(len(r.addrs))], nil
}

// hash is FNV-1a (draft-eastlake-fnv) with a last mix. Case makes no difference in a host.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	// The low bits alone depend on few bits of the text.
	return h ^ h>>32
}

// carries reports whether conns of a version of IP can come from the address.
func (l local) carries(version int) bool {
	switch {
	case !l.ip.IsValid() || l.ip.IsUnspecified():
		return true
	case version == 4:
		return l.ip.Is4()
	}
	return l.ip.Is6()
}

// leavesPort reports whether the system chooses the port.
func (l local) leavesPort() bool { return l.set && l.path == "" && l.port == 0 }

// parseLocals reads Config.LocalAddrs.
func parseLocals(list []string) ([]local, error) {
	var errs []error
	locals := make([]local, 0, len(list))
	for _, s := range list {
		l, err := parseLocal(s)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%q: %w", s, err))
		case !l.set:
			errs = append(errs, errors.New(`"" is not an address`))
		}
		locals = append(locals, l)
	}
	return locals, errors.Join(errs...)
}

func joined(list []string) string { return strings.Join(list, ",") }
