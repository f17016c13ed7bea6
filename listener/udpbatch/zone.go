package udpbatch

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// zoneIndexes finds the index of the interface that a zone names. Names are
// remembered for a while, since asking the kernel for one is slow.
type zoneIndexes struct {
	known [8]struct {
		name  string
		index uint32
		until time.Time
	}
	next int
}

const zoneAge = 10 * time.Second

// index returns 0 if the address has no zone.
func (z *zoneIndexes) index(a netip.Addr) (uint32, error) {
	zone := a.Zone()
	if zone == "" {
		return 0, nil
	}
	if n, ok := decimal(zone); ok {
		return n, nil
	}
	for i := range z.known {
		if k := &z.known[i]; k.name == zone && time.Now().Before(k.until) {
			return k.index, nil
		}
	}
	ifi, err := net.InterfaceByName(zone)
	if err != nil {
		return 0, fmt.Errorf("zone %s: %w", zone, err)
	}
	k := &z.known[z.next]
	z.next = (z.next + 1) % len(z.known)
	k.name, k.index, k.until = zone, uint32(ifi.Index), time.Now().Add(zoneAge) //nolint:gosec // the kernel's int
	return k.index, nil
}

// decimal is strconv.ParseUint without an error to allocate.
func decimal(s string) (n uint32, ok bool) {
	if len(s) > 9 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint32(s[i]-'0')
	}
	return n, true
}

// zoneCache keeps the last zones, since making one allocates.
type zoneCache struct {
	known [8]struct {
		index uint32
		addr  netip.Addr // keeps the zone alive inside of package netip
	}
	next int
}

// with returns the address with the interface's index as its zone.
func (z *zoneCache) with(a netip.Addr, index uint32) netip.Addr {
	for i := range z.known {
		if k := &z.known[i]; k.index == index {
			return a.WithZone(k.addr.Zone())
		}
	}
	k := &z.known[z.next]
	z.next = (z.next + 1) % len(z.known)
	k.index = index
	k.addr = netip.IPv6LinkLocalAllNodes().WithZone(strconv.FormatUint(uint64(index), 10))
	return a.WithZone(k.addr.Zone())
}

// zones turns names into indexes.
type zones struct {
	names   zoneIndexes
	indexes zoneCache
}

// decimal returns the address with the index as its zone, if it has a zone and
// the interface still exists.
func (z *zones) decimal(a netip.AddrPort) netip.AddrPort {
	if a.Addr().Zone() == "" {
		return a
	}
	index, err := z.names.index(a.Addr())
	if err != nil {
		return a
	}
	return netip.AddrPortFrom(z.indexes.with(a.Addr(), index), a.Port())
}
