package simnet

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// Network is a simulated network. Make it with [New]. It is safe for concurrent use.
// One that was made inside of a testing/synctest bubble must stay there, and be closed
// there.
type Network struct {
	cfg       Config // complete
	name      string
	seed      uint64
	scheduled bool // OrderScheduled is in force
	start     time.Time
	sub       *virtnet.SubNetwork
	fabric    *fabric
	trace     trace
	sched     scheduler

	mu    sync.RWMutex
	hosts map[string]*Host
	addrs map[netip.Addr]*Host
	last  netip.Addr // the last one that was given to a host
	down  bool
}

// New makes a network. The error is an [*Error] for each bad field, joined.
func New(c Config) (*Network, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	n := &Network{
		name: "sim" + c.Name, seed: c.Seed, start: time.Now(),
		hosts: map[string]*Host{}, addrs: map[netip.Addr]*Host{},
	}
	bubble := inBubble(n.start)
	n.scheduled = c.Order == OrderScheduled || c.Order == OrderAuto && bubble
	n.sched.net, n.sched.strict = n, n.scheduled && bubble
	n.cfg = c.complete(n.scheduled)
	for n.seed == 0 {
		n.seed = rand.Uint64() //nolint:gosec // it is told, so that a run can be repeated
	}
	n.trace.max = n.cfg.MaxEvents
	n.fabric = newFabric(n)
	n.sub, _ = virtnet.NewSubNetwork(n.name, (*engine)(n), (*registry)(n))
	return n, nil
}

// inBubble tells a bubble by its clock: there the year 2000 has just begun, while no
// other clock that is right is before the year of this package.
func inBubble(now time.Time) bool { return now.Year() < 2020 }

// Network returns the full name of the network.
func (n *Network) Network() string { return n.name }

// Seed returns the seed of all chance, also if it was chosen at random.
func (n *Network) Seed() uint64 { return n.seed }

// Now returns the time since the network was made.
func (n *Network) Now() time.Duration { return time.Since(n.start) }

// Trace returns the events that are kept, in the order of time.
func (n *Network) Trace() iter.Seq[Event] { return n.trace.all() }

// AsVirtNet returns the network as a subnetwork, which is all of it. Hosts that are
// made with it get an address of Config.Prefix; [Network.Host] knows them too.
func AsVirtNet(n *Network) *virtnet.SubNetwork { return n.sub }

// Close closes all hosts and ends what is on its way. Whoever is blocked is told
// [virtnet.ErrNetDown]. A second Close waits for the first one and returns the same.
func (n *Network) Close() error { return n.sub.Close() }

// NewHost makes a host with these addresses; with none, it gets the next free one
// of Config.Prefix. The error is that of [virtnet.SubNetwork.NewHost].
func (n *Network) NewHost(ctx context.Context, name string, addrs ...netip.Addr) (*Host, error) {
	_, err := n.sub.NewHost(context.WithValue(ctx, addrsKey{}, addrs), name)
	if err != nil {
		return nil, err
	}
	h := n.Host(name)
	if h == nil {
		return nil, &virtnet.Error{Network: n.name, Op: "new host", Host: name, Err: virtnet.ErrHostDown}
	}
	return h, nil
}

// addrsKey is where a context has the addresses of a new host.
type addrsKey struct{}

// Host returns the open host with the name, nil if there is none.
func (n *Network) Host(name string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	h, v := n.hosts[name], n.sub.Host(name) // of one moment: a name can be another host's in the next
	if h == nil || v == nil {
		return nil
	}
	if h.Host == nil {
		h.Host = v // virtnet makes it after the engine has made its own
	}
	return h
}

// Hosts returns the open hosts in the order of their names.
func (n *Network) Hosts() []*Host {
	n.mu.RLock()
	names := slices.Sorted(maps.Keys(n.hosts))
	n.mu.RUnlock()
	var hosts []*Host
	for _, name := range names {
		if h := n.Host(name); h != nil {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// hostOf returns the host that has an address, nil if none has.
func (n *Network) hostOf(a netip.Addr) *Host {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.addrs[a]
}

// nameOf returns the name of the host that has an address, "" if none has.
func (n *Network) nameOf(a netip.Addr) string {
	if h := n.hostOf(a); h != nil {
		return h.name
	}
	return ""
}

// direct reports whether what two hosts send each other arrives at once.
func (n *Network) direct(a, b *Host) bool {
	return !n.scheduled && a.lively() && b.lively() && (a == b || n.fabric.direct(a, b))
}

// lively reports whether a host sends and receives.
func (h *Host) lively() bool { return h.status.Load() == hostUp && !h.paused.Load() }

// enterHost makes a host known.
func (n *Network) enterHost(h *Host) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.down:
		return virtnet.ErrRegistryDown
	case n.hosts[h.name] != nil:
		return virtnet.ErrHostDup
	}
	if len(h.addrs) == 0 {
		a, err := n.freeAddr()
		if err != nil {
			return err
		}
		h.addrs = []netip.Addr{a}
	}
	for i, a := range h.addrs {
		if err := n.checkAddr(a, h.addrs[:i]); err != nil {
			return fmt.Errorf("address %v: %w", a, err)
		}
	}
	if err := n.fabric.addHost(h); err != nil {
		return err
	}
	n.hosts[h.name] = h
	for _, a := range h.addrs {
		n.addrs[a] = h
	}
	return nil
}

// checkAddr says what is wrong with an address of a new host.
func (n *Network) checkAddr(a netip.Addr, before []netip.Addr) error {
	switch {
	case !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.Zone() != "":
		return errors.New("must be a unicast address without a zone")
	case n.addrs[a] != nil:
		return fmt.Errorf("is that of host %q", n.addrs[a].name)
	case slices.Contains(before, a):
		return errors.New("is given twice")
	}
	return nil
}

// freeAddr returns the next free address of the prefix, which is not its first one.
func (n *Network) freeAddr() (netip.Addr, error) {
	prefix := n.cfg.Prefix
	if !n.last.IsValid() {
		n.last = prefix.Addr()
	}
	for range len(n.addrs) + 3 {
		n.last = n.last.Next()
		if !prefix.Contains(n.last) {
			n.last = prefix.Addr().Next()
		}
		if prefix.Contains(n.last) && n.addrs[n.last] == nil && !broadcast(prefix, n.last) {
			return n.last, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("prefix %v has no free address", prefix)
}

// broadcast reports whether an address is the last one of a prefix of IPv4.
func broadcast(p netip.Prefix, a netip.Addr) bool { return a.Is4() && !p.Contains(a.Next()) }

// leaveHost forgets a host: its place too, when its conns have said goodbye.
func (n *Network) leaveHost(h *Host) {
	n.sched.run.Lock()
	n.fabric.vacate(h)
	if h.vacated = true; h.leaving == 0 {
		n.fabric.removeHost(h)
	}
	n.sched.run.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.hosts, h.name)
	for _, a := range h.addrs {
		delete(n.addrs, a)
	}
}
