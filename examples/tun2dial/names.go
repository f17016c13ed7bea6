package main

import (
	"encoding/binary"
	"net/netip"
	"sync"
)

// The addresses that stand for names between the stacks: 198.18.0.0/15 is for tests
// of networks (RFC 2544), so nobody needs to reach it.
var (
	nameRange   = netip.MustParsePrefix("198.18.0.0/15")
	stackPrefix = prefixes("198.19.255.1/32", "fd11:2::1/128") // of the clients' stack
)

// maxNames is how many names have an address at a time; then the oldest loses its.
const maxNames = 1 << 16

// names gives an address to every name, and to addresses that cannot cross a stack,
// loopback ones for instance. So whoever dials in the end sees what the client
// asked for.
type names struct {
	mu     sync.Mutex
	next   int
	byHost map[string]netip.Addr
	byAddr map[netip.Addr]string
}

func newNames() *names {
	return &names{byHost: map[string]netip.Addr{}, byAddr: map[netip.Addr]string{}}
}

// address returns what to dial for a host.
func (n *names) address(host string) netip.Addr {
	if ip, err := netip.ParseAddr(host); err == nil && crosses(ip.Unmap()) {
		return ip.Unmap()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if a, ok := n.byHost[host]; ok {
		return a
	}
	a := numbered(n.next)
	n.next = (n.next + 1) % maxNames
	delete(n.byHost, n.byAddr[a])
	n.byHost[host], n.byAddr[a] = a, host
	return a
}

// host returns what an address stands for: often itself.
func (n *names) host(a netip.Addr) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if host, ok := n.byAddr[a]; ok {
		return host
	}
	return a.String()
}

// known returns the address that stands for one, if there is one.
func (n *names) known(a netip.Addr) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if other, ok := n.byHost[a.String()]; ok {
		return other
	}
	return a
}

// crosses says whether packets to an address leave a stack.
func crosses(a netip.Addr) bool {
	return a.IsGlobalUnicast() && a.Zone() == "" && !nameRange.Contains(a) && a != stackPrefix[1].Addr()
}

// numbered returns an address of the range; the first one is not used.
func numbered(i int) netip.Addr {
	first := nameRange.Addr().As4()
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(first[:])+uint32(i)+1) //nolint:gosec // below maxNames
	return netip.AddrFrom4(b)
}
