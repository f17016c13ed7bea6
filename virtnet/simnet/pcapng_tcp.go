package simnet

import (
	"encoding/binary"
	"net/netip"
)

// Flags of a segment.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// windowScale is the window scale that both ends have: nobody's window is ever full,
// since simnet's streams wait for their buffers instead.
const windowScale = 14

// tcpSegment is one of TCP.
type tcpSegment struct {
	from, to netip.AddrPort
	id       uint16
	flags    uint8
	seq, ack uint32
	data     []byte
	size     int
}

// maxSegment is the most bytes in one: what the length field of IPv4 can hold.
const maxSegment = 1<<16 - 1 - lenIPv4 - lenTCP

func (s *tcpSegment) packet() ipPacket {
	b := binary.BigEndian.AppendUint16(nil, s.from.Port())
	b = binary.BigEndian.AppendUint16(b, s.to.Port())
	b = binary.BigEndian.AppendUint32(b, s.seq)
	b = binary.BigEndian.AppendUint32(b, s.ack)
	var options []byte
	if s.flags&flagSYN != 0 {
		options = []byte{2, 4, maxSegment >> 8, maxSegment & 0xff, 1, 3, 3, windowScale} // MSS, window scale
	}
	b = append(b, uint8(lenTCP+len(options))<<2, s.flags, 0xff, 0xff, 0, 0, 0, 0) //nolint:gosec // in words, in the upper half
	return ipPacket{
		proto: uint8(TCP), id: s.id, from: s.from.Addr(), to: s.to.Addr(),
		header: append(b, options...), checksum: 16, data: s.data, size: s.size,
	}
}
