package netstack

import (
	"net/netip"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// String returns "10.0.0.1:80", "[fe80::1]:80 at NIC 2", ":80" without an address.
func (a FullAddress) String() string {
	text := ":" + strconv.Itoa(int(a.Port))
	if a.Addr.IsValid() {
		text = netip.AddrPortFrom(a.Addr, a.Port).String()
	}
	if a.NIC != 0 {
		text += " at NIC " + strconv.Itoa(int(a.NIC))
	}
	return text
}

// local returns an address of this stack for the engine, to which the unspecified one is empty.
func (e *endpoint) local(op string, a FullAddress) (tcpip.FullAddress, error) {
	if a.Addr.IsUnspecified() && !(e.network == IPv6 && a.Addr.Is4()) {
		a.Addr = netip.Addr{}
	}
	return e.full(op, a)
}

// peer returns an address to send to. The unspecified one is the stack itself, as it is
// with the kernel, and a port is needed.
func (e *endpoint) peer(op string, a FullAddress) (tcpip.FullAddress, error) {
	switch echo := e.transport == ICMPv4 || e.transport == ICMPv6; {
	case !a.Addr.IsValid(), a.Port == 0 && !echo:
		return tcpip.FullAddress{}, &Error{Op: op, Field: "address", Value: a.String(), Err: ErrDestinationRequired}
	case a.Addr == netip.IPv6Unspecified():
		a.Addr = netip.IPv6Loopback()
	case a.Addr.Unmap() == netip.IPv4Unspecified():
		a.Addr = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return e.full(op, a)
}

func (e *endpoint) full(op string, a FullAddress) (tcpip.FullAddress, error) {
	addr, nic := a.Addr.Unmap(), a.NIC
	var err error
	switch {
	case a.Addr.Zone() != "" || nic < 0:
		nic, err = e.zone(a)
	case addr.Is6() && e.network == IPv4, addr.Is4() && e.transport == ICMPv6:
		err = ErrAddressFamilyNotSupported
	}
	if err != nil {
		return tcpip.FullAddress{}, &Error{Op: op, Field: "address", Value: a.String(), Err: err}
	}
	full := tcpip.FullAddress{NIC: tcpip.NICID(nic), Port: a.Port}
	switch {
	case !addr.IsValid():
	case e.network == IPv6:
		full.Addr = tcpip.AddrFrom16(addr.As16()) // IPv4 as ::ffff:1.2.3.4
	default:
		full.Addr = tcpip.AddrFrom4(addr.As4())
	}
	return full, nil
}

// zone returns the NIC of an address whose zone is its number or name.
func (e *endpoint) zone(a FullAddress) (NICID, error) {
	zone := a.Addr.Zone()
	if a.NIC < 0 {
		return 0, ErrUnknownNICID
	}
	for id, info := range e.s.engine.NICInfo() {
		if zone == info.Name || zone == strconv.Itoa(int(id)) {
			if a.NIC != 0 && a.NIC != NICID(id) {
				break
			}
			return NICID(id), nil
		}
	}
	return 0, ErrUnknownNICID
}

// address returns an address of the engine. IPv4 is never mapped, and what is bound to no
// address in particular has the unspecified one.
func (e *endpoint) address(a tcpip.FullAddress) FullAddress {
	addr, ok := netip.AddrFromSlice(a.Addr.AsSlice())
	switch {
	case ok || a.Port == 0:
	case e.network == IPv4:
		addr = netip.IPv4Unspecified()
	default:
		addr = netip.IPv6Unspecified()
	}
	return FullAddress{NIC: NICID(a.NIC), Addr: addr.Unmap(), Port: a.Port}
}
