package simnet

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Fault is something that goes wrong with a network, or becomes right again. Make
// one with Partition, Crash and so on; [Network.Apply] lets it happen now and
// [Network.At] later. The zero value is an error there.
type Fault struct {
	kind     faultKind
	groups   [][]string
	from, to string // from is also the host or the router
	link     Link
	skew     time.Duration
}

type faultKind uint8

const (
	faultPartition faultKind = iota + 1
	faultCut
	faultHeal
	faultSetLink
	faultLinkDown
	faultLinkUp
	faultCrash
	faultRestart
	faultPause
	faultResume
	faultSkew
	faultRebind
)

// Partition lets nothing pass between hosts of different groups. Hosts of no group
// are a group of their own, so that one group is cut off from all others. The name
// of a subnet stands for its hosts. Conns are not told: what they send is lost,
// and sent again. Several partitions are in force together, until Heal.
func Partition(groups ...[]string) Fault {
	f := Fault{kind: faultPartition}
	for _, g := range groups {
		f.groups = append(f.groups, slices.Clone(g))
	}
	return f
}

// Cut lets nothing pass from the hosts from to the hosts to; the other direction
// stays. The name of a subnet stands for its hosts.
func Cut(from, to []string) Fault {
	return Fault{kind: faultCut, groups: [][]string{slices.Clone(from), slices.Clone(to)}}
}

// Heal ends all of Partition and Cut.
func Heal() Fault { return Fault{kind: faultHeal} }

// SetLink changes the link in one direction between
//   - two hosts or routers of a subnet: it goes before the subnet's own,
//   - a subnet and itself, that is, for all others in it,
//   - two that have a link, or get one by it: subnets, routers and hosts.
//
// What is on its way already keeps its time of arrival.
func SetLink(from, to string, l Link) Fault {
	return Fault{kind: faultSetLink, from: from, to: to, link: l}
}

// LinkDown lets nothing pass over the link between two, in both directions: those
// of SetLink, or a host or router and its subnet, which cuts it off there. Packets
// take another way if there is one. A network that has no topology is one subnet
// whose name is "".
func LinkDown(a, b string) Fault { return Fault{kind: faultLinkDown, from: a, to: b} }

// LinkUp ends LinkDown.
func LinkUp(a, b string) Fault { return Fault{kind: faultLinkUp, from: a, to: b} }

// Crash is [Host.Crash].
func Crash(host string) Fault { return Fault{kind: faultCrash, from: host} }

// Restart is [Host.Restart].
func Restart(host string) Fault { return Fault{kind: faultRestart, from: host} }

// Pause is [Host.Pause].
func Pause(host string) Fault { return Fault{kind: faultPause, from: host} }

// Resume is [Host.Resume].
func Resume(host string) Fault { return Fault{kind: faultResume, from: host} }

// Skew is [Host.SetSkew].
func Skew(host string, ahead time.Duration) Fault {
	return Fault{kind: faultSkew, from: host, skew: ahead}
}

// RebindNAT lets the NAT of a router forget all mappings. Who is inside has another
// port outside from then on, also in conns that are open: their peers do not know
// it.
func RebindNAT(router string) Fault { return Fault{kind: faultRebind, from: router} }

var faultWords = [...]string{
	faultHeal: "heal", faultLinkDown: "link down", faultLinkUp: "link up", faultCrash: "crash", faultRestart: "restart",
	faultPause: "pause", faultResume: "resume", faultRebind: "rebind NAT",
}

// String returns the fault in words, such as "partition [a b] [c]" or "crash a".
// The trace has them.
func (f Fault) String() string {
	switch f.kind {
	case 0:
		return "none"
	case faultPartition:
		return "partition " + joinGroups(f.groups)
	case faultCut:
		return fmt.Sprintf("cut %v to %v", f.groups[0], f.groups[1])
	case faultHeal:
		return "heal"
	case faultSetLink:
		return fmt.Sprintf("link %s to %s: %v", f.from, f.to, &f.link)
	case faultLinkDown, faultLinkUp:
		return fmt.Sprintf("%s %s %s", faultWords[f.kind], f.from, f.to)
	case faultSkew:
		return fmt.Sprintf("skew %s by %v", f.from, f.skew)
	}
	return faultWords[f.kind] + " " + f.from
}

// check says what is wrong with the fault on this network.
func (f Fault) check(net *fabric) error {
	switch f.kind {
	case 0:
		return errors.New("is none: make it with Partition, Crash and so on")
	case faultPartition, faultCut:
		return f.checkGroups(net)
	case faultHeal:
		return nil
	case faultSetLink:
		return errors.Join(f.link.Check(), second(net.linkOf(f.from, f.to, true)))
	case faultLinkDown, faultLinkUp:
		return second(net.linkOf(f.from, f.to, false))
	case faultRebind:
		n, err := net.named(f.from, routerNode)
		if err == nil && n.nat == nil {
			err = fmt.Errorf("router %q has no NAT", f.from)
		}
		return err
	}
	return second(net.named(f.from, hostNode))
}

func second[T any](_ T, err error) error { return err }

func (f Fault) checkGroups(net *fabric) error {
	var errs []error
	if len(f.groups) == 0 {
		errs = append(errs, errors.New("there is no group"))
	}
	seen := map[string]bool{}
	for i, g := range f.groups {
		if len(g) == 0 {
			errs = append(errs, fmt.Errorf("group %d is empty", i))
		}
		for _, name := range g {
			if seen[name] && f.kind == faultPartition {
				errs = append(errs, fmt.Errorf("%q is there twice", name))
			}
			seen[name] = true
			if n := net.nodes[name]; n == nil || n.kind == routerNode || name == "" {
				errs = append(errs, fmt.Errorf("no host or subnet has the name %q", name))
			}
		}
	}
	return errors.Join(errs...)
}

// named finds a node of a kind.
func (f *fabric) named(name string, kind nodeKind) (*node, error) {
	if n := f.nodes[name]; n != nil && n.kind == kind {
		return n, nil
	}
	return nil, fmt.Errorf("no %s has the name %q", nodeKinds[kind], name)
}
