package simnet

import (
	"fmt"
	"net/netip"
	"time"
)

// Action is what a firewall does with a packet.
type Action uint8

// The actions.
const (
	// Allow lets the packet pass, and those of its flow in both directions.
	Allow Action = iota
	// Deny drops the packet without a word: a dial times out.
	Deny
	// Reject drops the packet and answers with a reset, or for a datagram with
	// "port unreachable": a dial is refused.
	Reject
)

var actions = [...]string{Allow: "allow", Deny: "deny", Reject: "reject"}

// String returns the action as a word, such as "deny".
func (a Action) String() string {
	if int(a) < len(actions) {
		return actions[a]
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// Direction of a packet, as a host or a router with an inside sees it.
type Direction uint8

// The directions.
const (
	// Both is every packet, also those that a router passes between networks that
	// are both inside or both outside.
	Both Direction = iota
	// In is to the host, or from outside to inside of the router.
	In
	// Out is from the host, or from inside to outside of the router.
	Out
)

var directions = [...]string{Both: "both", In: "in", Out: "out"}

// String returns the direction as a word, such as "in".
func (d Direction) String() string {
	if int(d) < len(directions) {
		return directions[d]
	}
	return fmt.Sprintf("Direction(%d)", uint8(d))
}

// Firewall is a list of rules at a host or a router. The first one that fits
// decides for the first packet of a flow; what belongs to a flow that was allowed
// passes in both directions, whatever the rules say. At a router with a NAT the
// rules see the addresses inside.
type Firewall struct {
	// Rules, in order.
	Rules []Rule
	// Default is for packets that no rule fits. The zero value is Allow.
	Default Action
	// UDPTimeout and TCPTimeout are after how much silence a flow is forgotten; 0
	// are DefaultUDPTimeout and DefaultTCPTimeout. A TCP conn that was closed or
	// reset is forgotten after 4 minutes.
	UDPTimeout, TCPTimeout time.Duration
	// MaxFlows bounds the flows that are remembered; what would be one more is
	// dropped. 0 is DefaultMaxFlows.
	MaxFlows int
}

// Rule is one of a firewall. The zero value allows everything; a packet has to fit
// every field that is set.
type Rule struct {
	// Action for packets that fit.
	Action Action
	// Direction of the packet. At a router In and Out need Router.Inside.
	Direction Direction
	// Protocol is TCP or UDP; 0 is both.
	Protocol Protocol
	// Source and Destination have the packet's addresses; none is all.
	Source, Destination []netip.Prefix
	// SourcePorts and Ports have the packet's source and destination port.
	SourcePorts, Ports PortRange
}

func (f *Firewall) check(p *problems, path string) {
	for i, r := range f.Rules {
		r.check(p, fmt.Sprintf("%sRules[%d].", path, i))
	}
	if f.Default > Reject {
		p.addf(path+"Default", f.Default, "is none of Allow, Deny, Reject")
	}
	checkIdle(p, path, f.UDPTimeout, f.TCPTimeout, f.MaxFlows)
}

func (r *Rule) check(p *problems, path string) {
	if r.Action > Reject {
		p.addf(path+"Action", r.Action, "is none of Allow, Deny, Reject")
	}
	if r.Direction > Out {
		p.addf(path+"Direction", r.Direction, "is none of Both, In, Out")
	}
	if r.Protocol != 0 && r.Protocol != TCP && r.Protocol != UDP {
		p.addf(path+"Protocol", r.Protocol, "is neither TCP nor UDP")
	}
	for _, l := range []struct {
		field    string
		prefixes []netip.Prefix
	}{{"Source", r.Source}, {"Destination", r.Destination}} {
		for i, prefix := range l.prefixes {
			if !prefix.IsValid() {
				p.addf(fmt.Sprintf("%s%s[%d]", path, l.field, i), prefix, "is not valid")
			}
		}
	}
	r.SourcePorts.check(p, path+"SourcePorts")
	r.Ports.check(p, path+"Ports")
}

// fits reports whether the rule decides on the packet.
func (r *Rule) fits(d Direction, p *packet) bool {
	return (r.Direction == Both || r.Direction == d) &&
		(r.Protocol == 0 || r.Protocol == p.proto) &&
		within(r.Source, p.src.Addr()) && within(r.Destination, p.dst.Addr()) &&
		r.SourcePorts.has(p.src.Port()) && r.Ports.has(p.dst.Port())
}

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, prefix := range prefixes {
		if prefix.Contains(a) {
			return true
		}
	}
	return len(prefixes) == 0
}

// firewall is a Firewall at work.
type firewall struct {
	rules     []Rule
	otherwise Action
	flows     *idleTable[firewallFlow, struct{}]
}

// firewallFlow has the addresses of the packet that began it.
type firewallFlow struct {
	proto    Protocol
	src, dst netip.AddrPort
}

func newFirewall(c *Firewall) *firewall {
	f := &firewall{otherwise: c.Default}
	for _, r := range c.Rules {
		r.Source, r.Destination = masked(r.Source), masked(r.Destination)
		f.rules = append(f.rules, r)
	}
	f.flows = newIdleTable[firewallFlow, struct{}](c.UDPTimeout, c.TCPTimeout, c.MaxFlows)
	return f
}

// masked copies prefixes.
func masked(list []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range list {
		out = append(out, plainPrefix(p))
	}
	return out
}

// plainPrefix returns a prefix without the bits behind it; one of an IPv4-mapped
// address becomes one of IPv4.
func plainPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// judge says what becomes of a packet. nil allows everything.
func (f *firewall) judge(now time.Duration, d Direction, p *packet) Action {
	if f == nil {
		return Allow
	}
	f.flows.expire(now)
	flow := firewallFlow{p.proto, p.src, p.dst}
	if f.flows.touch(now, flow, p) || f.flows.touch(now, firewallFlow{p.proto, p.dst, p.src}, p) {
		return Allow
	}
	action := f.otherwise
	for i := range f.rules {
		if f.rules[i].fits(d, p) {
			action = f.rules[i].Action
			break
		}
	}
	if action == Allow && !f.flows.add(now, flow, struct{}{}, p) {
		return Deny
	}
	return action
}
