package simnet

import (
	"fmt"
	"math"
	"net/netip"
	"time"
)

// NATKind says how a NAT maps and filters. The words of RFC 4787 are in the
// comments of the kinds; those of RFC 3489 are the names.
type NATKind uint8

// The kinds of NATs.
const (
	// FullCone maps independently of the endpoint, and lets in whatever is sent to
	// the mapping.
	FullCone NATKind = iota
	// Restricted maps independently of the endpoint, and lets in what comes from
	// addresses that the host inside has sent to.
	Restricted
	// PortRestricted maps independently of the endpoint, and lets in what comes
	// from addresses and ports that the host inside has sent to.
	PortRestricted
	// Symmetric maps each address and port that the host inside sends to anew, and
	// lets in what comes from there.
	Symmetric
)

var natKinds = [...]string{FullCone: "full-cone", Restricted: "restricted", PortRestricted: "port-restricted", Symmetric: "symmetric"}

// String returns the kind as a word, such as "full-cone".
func (k NATKind) String() string {
	if int(k) < len(natKinds) {
		return natKinds[k]
	}
	return fmt.Sprintf("NATKind(%d)", uint8(k))
}

// NAT describes what a router does with addresses when packets leave what is
// inside of it, Router.Inside. Nothing that was not asked for gets inside, apart
// from what the kind lets in.
//
// Ports outside are no host's own (no port preservation); which one a host gets
// follows from the seed. A host always gets the same address outside (paired). Who
// is inside can reach the mappings from inside (hairpinning), and is then seen
// with the address outside. What a NAT does not let in it drops without a word.
type NAT struct {
	// Kind is how it maps and filters. The zero value is FullCone.
	Kind NATKind
	// External are the NAT's addresses outside. None: the next free one of the
	// router's first subnet that is not inside.
	External []netip.Addr
	// Ports are those outside. The zero value is 1024 to 65535.
	Ports PortRange
	// UDPTimeout and TCPTimeout are after how much silence a flow is forgotten; 0
	// are DefaultUDPTimeout and DefaultTCPTimeout. Packets of both directions
	// break the silence, if the one from outside belongs to a flow. A TCP conn
	// that was closed or reset is forgotten after 4 minutes.
	UDPTimeout, TCPTimeout time.Duration
	// MaxFlows bounds the flows that are remembered; what would be one more is
	// dropped. 0 is DefaultMaxFlows.
	MaxFlows int
}

// PortRange is from First to Last, both included. The zero value is all ports,
// or what the field says.
type PortRange struct{ First, Last uint16 }

// has reports whether the port is in the range.
func (r PortRange) has(port uint16) bool {
	return r == PortRange{} || (r.First <= port && port <= r.Last)
}

// String returns "80" or "8000-8010", and "any" for the zero value.
func (r PortRange) String() string {
	switch {
	case r == PortRange{}:
		return "any"
	case r.First == r.Last:
		return fmt.Sprint(r.First)
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

func (r PortRange) check(p *problems, path string) {
	if r.First > r.Last {
		p.addf(path, r, "begins after its end")
	}
}

func (n *NAT) check(p *problems, path string) {
	if n.Kind > Symmetric {
		p.addf(path+"Kind", n.Kind, "is none of FullCone, Restricted, PortRestricted, Symmetric")
	}
	n.Ports.check(p, path+"Ports")
	if n.Ports.First == 0 && n.Ports.Last != 0 {
		p.addf(path+"Ports", n.Ports, "port 0 is no port of a host")
	}
	checkIdle(p, path, n.UDPTimeout, n.TCPTimeout, n.MaxFlows)
}

// checkIdle checks what NATs and firewalls have in common.
func checkIdle(p *problems, path string, udp, tcp time.Duration, flows int) {
	if udp < 0 {
		p.addf(path+"UDPTimeout", udp, "must not be negative")
	}
	if tcp < 0 {
		p.addf(path+"TCPTimeout", tcp, "must not be negative")
	}
	if flows < 0 || flows > math.MaxInt32 {
		p.addf(path+"MaxFlows", flows, "must be from 0 to %d", math.MaxInt32)
	}
}
