package netstack

import "net/netip"

type (
	// NICID names a NIC of a stack. 0 is any NIC.
	NICID int32
	// NetworkProtocolNumber is an EtherType (IANA): [IPv4] or [IPv6].
	NetworkProtocolNumber uint32
	// TransportProtocolNumber is an IP protocol number (IANA): [TCP], [UDP], [ICMPv4] or [ICMPv6].
	TransportProtocolNumber uint32
	// Address is the address of a node.
	Address = netip.Addr
)

// The protocols of a stack.
const (
	IPv4 NetworkProtocolNumber = 0x0800
	IPv6 NetworkProtocolNumber = 0x86dd

	ICMPv4 TransportProtocolNumber = 1
	TCP    TransportProtocolNumber = 6
	UDP    TransportProtocolNumber = 17
	ICMPv6 TransportProtocolNumber = 58
)

// FullAddress is a transport address, and the NIC that it is used with (0: any).
type FullAddress struct {
	NIC  NICID
	Addr Address
	Port uint16
}

// Route is a row of the route table. The first row whose Destination contains the target
// is taken.
type Route struct {
	Destination netip.Prefix
	Gateway     Address // the next hop; the zero Address is the target itself
	NIC         NICID
	Source      Address // the source address; the zero Address is one of the NIC's
	MTU         int     // bytes; 0 is the NIC's
}
