package httpx

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// PoolState is how an address is doing.
type PoolState int

const (
	// PoolUntried means that no conn to the address worked yet, nor failed.
	PoolUntried PoolState = iota
	// PoolUp means that the last thing known is a conn that worked.
	PoolUp
	// PoolDown means that it failed, and rests or is being probed.
	PoolDown
	// PoolDraining means that it is no address of the name any more, or its conns are on their way out.
	PoolDraining
)

// String returns the state's name.
func (s PoolState) String() string {
	switch s {
	case PoolUntried:
		return "untried"
	case PoolUp:
		return "up"
	case PoolDown:
		return "down"
	case PoolDraining:
		return "draining"
	}
	return fmt.Sprintf("PoolState(%d)", int(s))
}

// PoolStats is a snapshot of a [Pool].
type PoolStats struct {
	// Hosts are the names in use, by scheme, name and port.
	Hosts []PoolHost
}

// PoolHost is what the pool knows of a name.
type PoolHost struct {
	// Scheme, Name and Port are those of the requests' URLs.
	Scheme, Name, Port string
	// Waiting is the number of requests that wait for a conn.
	Waiting int
	// LookedUp is when the last lookup ended, zero before the first and for IP
	// literals. LookupErr is why it failed; the addresses before it are kept.
	LookedUp  time.Time
	LookupErr error
	// Addresses are those of the name, then those that are draining.
	Addresses []PoolAddress
}

// PoolAddress is one address of a name.
type PoolAddress struct {
	Addr  netip.AddrPort
	State PoolState
	// Conns and Dialing are how many conns there are, and how many are being made.
	Conns, Dialing int
	// InFlight is the number of requests whose response is not read to its end.
	InFlight int
	// Failures is how often in a row it failed; NextTry is until when it rests.
	Failures int
	NextTry  time.Time
	// Err is the last error of a dial or of a request that broke, nil after the address works again.
	Err error
}

// Stats returns a snapshot.
func (p *Pool) Stats() PoolStats {
	var s PoolStats
	for _, h := range p.all() {
		s.Hosts = append(s.Hosts, h.stats())
	}
	slices.SortFunc(s.Hosts, func(a, b PoolHost) int {
		return cmp.Or(cmp.Compare(a.Scheme, b.Scheme), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Port, b.Port))
	})
	return s
}

func (h *poolHost) stats() PoolHost {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := PoolHost{
		Scheme: h.key.scheme, Name: h.key.name, Port: h.key.port, Waiting: len(h.waiters),
		LookedUp: h.lookup.at, LookupErr: h.lookup.err,
	}
	for _, a := range h.addrs {
		if !a.gone { // as are all of a host that was forgotten
			s.Addresses = append(s.Addresses, a.stats())
		}
	}
	current := len(s.Addresses)
	for c := range h.leaving {
		i := current + slices.IndexFunc(s.Addresses[current:], func(a PoolAddress) bool { return a.Addr == c.addr.addr })
		if i < current {
			i = len(s.Addresses)
			s.Addresses = append(s.Addresses, PoolAddress{Addr: c.addr.addr, State: PoolDraining})
		}
		s.Addresses[i].Conns++
		s.Addresses[i].InFlight += c.used
	}
	return s
}

func (a *poolAddress) stats() PoolAddress {
	s := PoolAddress{
		Addr: a.addr, Conns: len(a.conns), Dialing: a.dialing, Failures: a.failures, NextTry: a.until, Err: a.err,
	}
	for _, c := range a.conns {
		s.InFlight += c.used
	}
	switch {
	case a.failures > 0:
		s.State = PoolDown
	case a.worked:
		s.State = PoolUp
	}
	return s
}
