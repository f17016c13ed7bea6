package udpbatch

import (
	"fmt"
	"net"
	"net/netip"
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
