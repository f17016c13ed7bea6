package tunnel_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The protocols, by their numbers.
const (
	icmp4     = 1
	tcp       = 6
	udp       = 17
	fragments = 44 // the header of IPv6
	icmp6     = 58
)

// packet is what the tests send and expect: one of TCP, UDP or ICMP. It is written and read without the help of the
// stack that is under test.
type packet struct {
	src, dst netip.AddrPort // port 0 in ICMP
	protocol byte
	// of TCP
	flags    string // of "FSRPA", where A may be written as "."
	seq, ack uint32
	window   uint16
	options  []byte
	// of ICMP: type and code
	kind, code byte

	data []byte

	// of fragments: the offset in bytes, and whether it is one at all
	fragment, more bool
	offset         int
	id             uint32

	badSum bool // send a wrong checksum
	noSum  bool // send UDP without one
}

const flagLetters = "FSRPAU"

func flagBits(s string) (bits byte) {
	for _, letter := range strings.ReplaceAll(s, ".", "A") {
		bits |= 1 << strings.IndexRune(flagLetters, letter)
	}
	return bits
}

func flagText(bits byte) (s string) {
	for i, letter := range flagLetters {
		if bits&(1<<i) != 0 {
			s += string(letter)
		}
	}
	return strings.ReplaceAll(s, "A", ".")
}

// sum is the checksum of RFC 1071 over parts, of which all but the last have an even length.
func sum(parts ...[]byte) uint16 {
	var total uint32
	for _, p := range parts {
		for i, b := range p {
			if i%2 == 0 {
				total += uint32(b) << 8
			} else {
				total += uint32(b)
			}
		}
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return ^uint16(total)
}

func pseudo(src, dst netip.Addr, protocol byte, length int) []byte {
	p := append(src.AsSlice(), dst.AsSlice()...)
	p = binary.BigEndian.AppendUint32(p, uint32(length))
	return append(p, 0, 0, 0, protocol)
}

// where is the offset of the checksum in a header.
var where = map[byte]int{tcp: 16, udp: 6, icmp4: 2, icmp6: 2}

// transport is the packet without its IP header.
func (p packet) transport() []byte {
	var b []byte
	switch p.protocol {
	case tcp:
		b = make([]byte, 20, 20+len(p.options)+len(p.data))
		binary.BigEndian.PutUint16(b, p.src.Port())
		binary.BigEndian.PutUint16(b[2:], p.dst.Port())
		binary.BigEndian.PutUint32(b[4:], p.seq)
		binary.BigEndian.PutUint32(b[8:], p.ack)
		b[12], b[13] = byte(5+len(p.options)/4)<<4, flagBits(p.flags)
		binary.BigEndian.PutUint16(b[14:], p.window)
		b = append(b, p.options...)
	case udp:
		b = make([]byte, 8, 8+len(p.data))
		binary.BigEndian.PutUint16(b, p.src.Port())
		binary.BigEndian.PutUint16(b[2:], p.dst.Port())
		binary.BigEndian.PutUint16(b[4:], uint16(8+len(p.data)))
	default:
		b = []byte{p.kind, p.code, 0, 0}
	}
	b = append(b, p.data...)
	p.putSum(b)
	return b
}

func (p packet) putSum(b []byte) {
	at := where[p.protocol]
	s := sum(p.pseudo(len(b)), b)
	if p.protocol == udp && s == 0 {
		s = 0xffff
	}
	if p.noSum {
		s = 0
	}
	if p.badSum {
		s ^= 0x5555
	}
	binary.BigEndian.PutUint16(b[at:], s)
}

// pseudo is what the checksum covers besides the packet: nothing in ICMP of IPv4.
func (p packet) pseudo(length int) []byte {
	if p.protocol == icmp4 {
		return nil
	}
	return pseudo(p.src.Addr(), p.dst.Addr(), p.protocol, length)
}

// bytes is the whole packet.
func (p packet) bytes() []byte { return p.wrap(p.transport()) }

// wrap puts the IP header in front.
func (p packet) wrap(b []byte) []byte {
	if p.src.Addr().Is4() {
		h := make([]byte, 20)
		h[0], h[8], h[9] = 0x45, 64, p.protocol
		binary.BigEndian.PutUint16(h[2:], uint16(20+len(b)))
		binary.BigEndian.PutUint16(h[4:], uint16(p.id))
		binary.BigEndian.PutUint16(h[6:], uint16(p.offset/8)|uint16(bit(p.more))<<13)
		copy(h[12:], p.src.Addr().AsSlice())
		copy(h[16:], p.dst.Addr().AsSlice())
		binary.BigEndian.PutUint16(h[10:], sum(h))
		return slices.Concat(h, b)
	}
	h := make([]byte, 40, 48)
	h[0], h[6], h[7] = 0x60, p.protocol, 64
	copy(h[8:], p.src.Addr().AsSlice())
	copy(h[24:], p.dst.Addr().AsSlice())
	if p.fragment {
		h[6] = fragments
		h = h[:48]
		h[40] = p.protocol
		binary.BigEndian.PutUint16(h[42:], uint16(p.offset)|uint16(bit(p.more)))
		binary.BigEndian.PutUint32(h[44:], p.id)
	}
	binary.BigEndian.PutUint16(h[4:], uint16(len(h)-40+len(b)))
	return slices.Concat(h, b)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// cut returns the packet as fragments of at most size bytes of payload, a multiple of 8.
func (p packet) cut(size int, id uint32) (list [][]byte) {
	whole := p.transport()
	for at := 0; at < len(whole); at += size {
		part := whole[at:min(at+size, len(whole))]
		f := p
		f.fragment, f.id, f.offset, f.more = true, id, at, at+len(part) < len(whole)
		list = append(list, f.wrap(part))
	}
	return list
}

// read takes a packet apart. It is strict: an error is a packet that no stack may send.
func read(b []byte) (packet, error) {
	if len(b) < 1 {
		return packet{}, fmt.Errorf("an empty packet")
	}
	p, rest, err := readIP(b)
	if err != nil || p.fragment {
		p.data = rest
		return p, err
	}
	return p, p.readTransport(rest)
}

func readIP(b []byte) (p packet, rest []byte, err error) {
	switch {
	case b[0] == 0x45 && len(b) >= 20:
		if n := int(binary.BigEndian.Uint16(b[2:])); n != len(b) {
			return p, nil, fmt.Errorf("total length %d of %d bytes", n, len(b))
		}
		if sum(b[:20]) != 0 {
			return p, nil, fmt.Errorf("bad checksum of the IP header")
		}
		word := binary.BigEndian.Uint16(b[6:])
		p.protocol, p.id = b[9], uint32(binary.BigEndian.Uint16(b[4:]))
		p.offset, p.more = int(word&0x1fff)*8, word&0x2000 != 0
		p.fragment = p.more || p.offset > 0
		p.src, p.dst = place(b[12:16]), place(b[16:20])
		return p, b[20:], nil
	case b[0]>>4 == 6 && len(b) >= 40:
		if n := int(binary.BigEndian.Uint16(b[4:])); n != len(b)-40 {
			return p, nil, fmt.Errorf("payload length %d of %d bytes", n, len(b)-40)
		}
		p.protocol, rest = b[6], b[40:]
		p.src, p.dst = place(b[8:24]), place(b[24:40])
		if p.protocol == fragments {
			word := binary.BigEndian.Uint16(rest[2:])
			p.fragment, p.offset, p.more = true, int(word&^7), word&1 != 0
			p.protocol, p.id, rest = rest[0], binary.BigEndian.Uint32(rest[4:]), rest[8:]
		}
		return p, rest, nil
	}
	return p, nil, fmt.Errorf("no header of IP: % x", b)
}

func place(b []byte) netip.AddrPort {
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a, 0)
}

func (p *packet) readTransport(b []byte) error {
	if at, known := where[p.protocol]; !known || len(b) < at+2 {
		return fmt.Errorf("protocol %d, %d bytes", p.protocol, len(b))
	}
	if sum(p.pseudo(len(b)), b) != 0 {
		return fmt.Errorf("bad checksum of protocol %d", p.protocol)
	}
	switch p.protocol {
	case tcp:
		head := int(b[12]>>4) * 4
		p.src, p.dst = p.ports(b)
		p.seq, p.ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
		p.flags, p.window = flagText(b[13]), binary.BigEndian.Uint16(b[14:])
		p.options, p.data = b[20:head], b[head:]
	case udp:
		if n := int(binary.BigEndian.Uint16(b[4:])); n != len(b) {
			return fmt.Errorf("UDP: length %d of %d bytes", n, len(b))
		}
		p.src, p.dst = p.ports(b)
		p.data = b[8:]
	default:
		p.kind, p.code, p.data = b[0], b[1], b[4:]
	}
	return nil
}

func (p *packet) ports(b []byte) (src, dst netip.AddrPort) {
	return netip.AddrPortFrom(p.src.Addr(), binary.BigEndian.Uint16(b)),
		netip.AddrPortFrom(p.dst.Addr(), binary.BigEndian.Uint16(b[2:]))
}

// String is for messages: only the first bytes of the data.
func (p packet) String() string {
	s := fmt.Sprintf("%v > %v: ", p.src, p.dst)
	switch {
	case p.fragment:
		s += fmt.Sprintf("fragment of protocol %d at %d, more %v", p.protocol, p.offset, p.more)
	case p.protocol == tcp:
		s += fmt.Sprintf("%s %d ack %d win %d", p.flags, p.seq, p.ack, p.window)
	case p.protocol == udp:
		s += "UDP"
	default:
		s += fmt.Sprintf("ICMP %d/%d", p.kind, p.code)
	}
	return fmt.Sprintf("%s, %d bytes % .20x", s, len(p.data), p.data)
}
