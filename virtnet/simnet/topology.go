package simnet

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Topology describes a network with subnets, routers and links. [NewTopology]
// makes it. Names of hosts, subnets and routers are unique among all of them.
//
// A packet passes each subnet on its way from neighbour to neighbour, and each
// link, with what their Link says. It takes the way with the fewest nodes; of
// several ways the one that is described first. Hosts pass nothing on. An address to
// which no way leads is unreachable for those who dial it.
type Topology struct {
	// Config of the network. Its Link must be the zero one, since each subnet has
	// its own, unless there are no subnets.
	Config Config
	// Subnets with their hosts.
	Subnets []Subnet
	// Routers between subnets.
	Routers []Router
	// Links between subnets, routers and hosts.
	Links []Connection
	// Faults that happen by themselves.
	Faults []TimedFault
}

// Subnet is a part of a network whose hosts reach each other.
type Subnet struct {
	// Name, required.
	Name string
	// Prefix that its hosts have their addresses from. The zero one is the next of
	// Config.Prefix that no other subnet has: for up to 253 hosts a /24, a /64
	// with IPv6. Prefixes do not overlap.
	Prefix netip.Prefix
	// Prefix6 is a second one, of IPv6, beside a Prefix of IPv4. The zero one is
	// none.
	Prefix6 netip.Prefix
	// Profile is the name of a link, see [Profile], for the fields of Link that are
	// zero. "" is none.
	Profile string
	// Link is how packets pass between each two neighbours in the subnet, in each
	// direction.
	Link Link
	// Hosts of the subnet.
	Hosts []Place
}

// Place is a host of a topology.
type Place struct {
	// Name, required.
	Name string
	// Addresses in the prefixes of the subnet. None: the next free one of each
	// prefix.
	Addresses []netip.Addr
	// Firewall of the host. nil is none.
	Firewall *Firewall
}

// Router passes packets on between subnets, and between its links.
type Router struct {
	// Name, required.
	Name string
	// Subnets where the router is a member, by name.
	Subnets []string
	// Inside are the neighbours that are behind the router's NAT, and behind its
	// firewall: names of subnets, and of routers that it has a link to.
	Inside []string
	// NAT for what is inside. nil is none.
	NAT *NAT
	// Firewall for what the router passes on. nil is none.
	Firewall *Firewall
}

// Connection is a link between two subnets, routers or hosts.
type Connection struct {
	// From and To are their names.
	From, To string
	// Profile is as in [Subnet].
	Profile string
	// Link is how packets pass from From to To.
	Link Link
	// Back is how packets pass from To to From. nil is as Profile and Link say.
	Back *Link
}

// TimedFault is a fault that happens at a time.
type TimedFault struct {
	// At is the time since the network was made. Not negative.
	At time.Duration
	// Fault is what happens.
	Fault Fault
}

// Check returns what NewTopology would say: an [*Error] for each bad field, joined.
func (t *Topology) Check() error {
	_, err := t.plan()
	return err
}

// NewTopology makes a network and its hosts, and lets the faults happen when their
// time has come. [Network.Host] has the hosts. Further ones need an address of a
// subnet. Nothing is made if something is wrong.
func NewTopology(t Topology) (*Network, error) {
	plan, err := t.plan()
	if err != nil {
		return nil, err
	}
	n, err := New(t.Config)
	if err != nil {
		return nil, err
	}
	plan.install(n.fabric)
	if err := plan.start(n); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// start makes the hosts, in the order in which they are described, and enters the
// faults. What can fail has been checked.
func (p *plan) start(n *Network) error {
	var errs []error
	for _, h := range p.hosts {
		_, err := n.NewHost(context.Background(), h.name, h.addrs...)
		errs = append(errs, err)
	}
	for _, f := range p.t.Faults {
		errs = append(errs, n.At(f.At, f.Fault))
	}
	return errors.Join(errs...)
}
