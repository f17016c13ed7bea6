package segment

import (
	"encoding/binary"
	"errors"
)

// Offload has the fields of tunx.Offload, which is converted to it: tunx imports this
// package.
type Offload struct {
	Segment               uint16
	HeaderLen             uint16
	NeedsChecksum         bool
	CsumStart, CsumOffset uint16
	ChecksumValidated     bool
}

// Offsets of the checksum in the headers of the transports.
const (
	tcpChecksum = 16
	udpChecksum = 6
	udpHeader   = 8
	tcpHeader   = 20
)

var (
	errPacket   = errors.New("is neither an IPv4 nor an IPv6 packet")
	errChecksum = errors.New("the checksum's place is outside of the transport header")
	errSegment  = errors.New("a segment size needs NeedsChecksum and the headers of TCP or UDP")
	errHeader   = errors.New("the header length is not that of the packet's headers")
)

// Check says why o cannot be for a packet of length bytes that begins with head, which has
// all of its headers. It accepts whatever no work is left for.
func (o Offload) Check(head []byte, length int) error {
	if !o.NeedsChecksum {
		if o.Segment != 0 {
			return errSegment
		}
		return nil
	}
	network := networkHeader(head)
	if network == 0 {
		return errPacket
	}
	start, field := int(o.CsumStart), int(o.CsumStart)+int(o.CsumOffset)
	if start < network || field+2 > len(head) {
		return errChecksum
	}
	if o.Segment == 0 {
		return nil
	}
	header := o.Headers(head)
	switch {
	case header == 0:
		return errSegment
	case header != int(o.HeaderLen) || header > len(head) || header >= length:
		return errHeader
	}
	return nil
}

// Headers returns how long the headers of p are together, 0 if the last one is not TCP's
// or UDP's.
func (o Offload) Headers(p []byte) int {
	start := int(o.CsumStart)
	switch {
	case o.CsumOffset == udpChecksum:
		return start + udpHeader
	case o.CsumOffset == tcpChecksum && start+12 < len(p) && p[start+12]>>4 >= tcpHeader/4:
		return start + int(p[start+12]>>4)*4
	}
	return 0
}

// IsPacket reports whether p begins with an IP header.
func IsPacket(p []byte) bool { return networkHeader(p) != 0 }

// networkHeader returns the least length of p's IP header, 0 if p has none.
func networkHeader(p []byte) int {
	switch {
	case len(p) >= 20 && p[0]>>4 == 4 && p[0]&15 >= 5:
		return int(p[0]&15) * 4
	case len(p) >= 40 && p[0]>>4 == 6:
		return 40
	}
	return 0
}

// Finish computes the checksum of p, a single packet. Check has accepted it.
func (o Offload) Finish(p []byte) {
	if o.NeedsChecksum {
		o.seal(p)
	}
}

// seal replaces the sum of the pseudo header in p by the checksum.
func (o Offload) seal(p []byte) {
	sum := ^Sum(p[o.CsumStart:], 0)
	if sum == 0 && o.CsumOffset == udpChecksum {
		sum = 0xffff // 0 is "no checksum", RFC 768
	}
	binary.BigEndian.PutUint16(p[int(o.CsumStart)+int(o.CsumOffset):], sum)
}

// Complete sets the fields that a virtio-net header does not have, or not reliably. It
// reports false if o cannot be for the packet p.
func (o *Offload) Complete(p []byte) bool {
	if o.Segment != 0 {
		if !o.NeedsChecksum && !o.restore(p) {
			return false
		}
		o.HeaderLen = uint16(o.Headers(p))
	}
	return o.Check(p, len(p)) == nil
}

// restore is for a packet with a segment size whose checksum is there: each segment needs
// one of its own. It changes p's to the sum of the pseudo header, and reports false if p
// is not TCP or UDP.
func (o *Offload) restore(p []byte) bool {
	start := networkHeader(p)
	if start == 0 || start > len(p) {
		return false
	}
	protocol, addresses := p[9], p[12:20]
	if p[0]>>4 == 6 {
		protocol, addresses = p[6], p[8:40]
	}
	switch protocol {
	case 6:
		o.CsumOffset = tcpChecksum
	case 17:
		o.CsumOffset = udpChecksum
	default:
		return false
	}
	field := start + int(o.CsumOffset)
	if field+2 > len(p) {
		return false
	}
	o.NeedsChecksum, o.CsumStart = true, uint16(start)
	sum := uint64(Sum(addresses, 0)) + uint64(protocol) + uint64(len(p)-start)
	binary.BigEndian.PutUint16(p[field:], fold(sum))
	return true
}
