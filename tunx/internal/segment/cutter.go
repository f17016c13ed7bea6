package segment

import "encoding/binary"

// A Cutter cuts a packet with a segment size into the packets that it stands for. The
// zero value has none.
type Cutter struct {
	packet  []byte
	offload Offload
	at      int // what of the payload has been cut off
	index   uint16
	buffer  []byte // for a destination that is too short
}

// Reset begins with the packet p, which is kept until Next has returned the last segment.
// Check has accepted it, and its Segment is not 0.
func (c *Cutter) Reset(p []byte, o Offload) {
	c.packet, c.offload, c.at, c.index = p, o, 0, 0
}

// More reports whether Next has another packet.
func (c *Cutter) More() bool { return c.packet != nil }

// Next copies the next packet into dst, or as much of it as fits, and returns its length
// there.
func (c *Cutter) Next(dst []byte) int {
	header := int(c.offload.HeaderLen)
	piece := min(len(c.packet)-header-c.at, int(c.offload.Segment))
	length := header + piece
	out := dst
	if len(out) < length {
		if cap(c.buffer) < length {
			c.buffer = make([]byte, length)
		}
		out = c.buffer
	}
	out = out[:length]
	copy(out, c.packet[:header])
	copy(out[header:], c.packet[header+c.at:][:piece])
	c.amend(out, header+c.at+piece == len(c.packet))
	c.at, c.index = c.at+piece, c.index+1
	if header+c.at == len(c.packet) {
		c.packet = nil
	}
	if len(dst) < length {
		copy(dst, out)
	}
	return min(length, len(dst))
}

// amend makes the headers of p right, which are those of the whole packet.
func (c *Cutter) amend(p []byte, last bool) {
	start := int(c.offload.CsumStart)
	if p[0]>>4 == 4 {
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[4:], binary.BigEndian.Uint16(p[4:])+c.index)
		binary.BigEndian.PutUint16(p[10:], 0)
		binary.BigEndian.PutUint16(p[10:], ^Sum(p[:int(p[0]&15)*4], 0))
	} else {
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-40))
	}
	transport := p[start:]
	if c.offload.CsumOffset == udpChecksum {
		binary.BigEndian.PutUint16(transport[4:], uint16(len(transport)))
	} else {
		c.amendTCP(transport, last)
	}
	// The pseudo header has the length of the whole packet: the new one takes its place.
	field := transport[c.offload.CsumOffset:]
	sum := uint64(binary.BigEndian.Uint16(field)) + uint64(^uint16(len(c.packet)-start)) + uint64(len(transport))
	binary.BigEndian.PutUint16(field, fold(sum))
	c.offload.seal(p)
}

// Flags of TCP, in byte 13 of its header.
const (
	tcpFIN = 1 << 0
	tcpPSH = 1 << 3
	tcpCWR = 1 << 7
)

// amendTCP sets the sequence number, and leaves FIN and PSH to the last segment and CWR to
// the first (RFC 3168, section 6.1.2).
func (c *Cutter) amendTCP(p []byte, last bool) {
	binary.BigEndian.PutUint32(p[4:], binary.BigEndian.Uint32(p[4:])+uint32(c.at))
	if !last {
		p[13] &^= tcpFIN | tcpPSH
	}
	if c.index > 0 {
		p[13] &^= tcpCWR
	}
}
