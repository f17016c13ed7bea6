package tunnel_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// family is one of the two families of addresses.
type family struct {
	name           string
	client, server netip.AddrPort
	icmp           byte // its number
	ask, answer    byte // types of ICMP
	unreachable    byte
	host, port     byte // codes
}

var families = []family{
	{"IPv4", netip.MustParseAddrPort("10.1.2.3:40000"), netip.MustParseAddrPort("192.0.2.1:80"), icmp4, 8, 0, 3, 1, 3},
	{"IPv6", netip.MustParseAddrPort("[fd00::3]:40000"), netip.MustParseAddrPort("[2001:db8::1]:80"), icmp6, 128, 129, 1, 3, 4},
}

func inBoth(t *testing.T, test func(t *testing.T, f family)) {
	t.Helper()
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

// ping is one of a number.
func (f family) ping(number uint16) packet {
	data := binary.BigEndian.AppendUint16([]byte{0x12, 0x34}, number)
	return packet{
		src: netip.AddrPortFrom(f.client.Addr(), 0), dst: netip.AddrPortFrom(f.server.Addr(), 0),
		protocol: f.icmp, kind: f.ask, data: append(data, "are you there?"...),
	}
}

func (f family) isPong(p packet, number uint16) bool {
	return p.protocol == f.icmp && p.kind == f.answer && string(p.data) == string(f.ping(number).data)
}

// datagram is one to the server.
func (f family) datagram(data []byte) packet {
	return packet{src: f.client, dst: f.server, protocol: udp, data: data}
}
