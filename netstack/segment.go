package netstack

import (
	"encoding/binary"
	"errors"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/tunx"
)

var (
	errTruncated = errors.New("headers are cut")
	errProtocol  = errors.New("neither TCP nor UDP")
)

// transportOf returns where the transport header of a packet begins, and its protocol. Of
// IPv6 it takes packets without extension headers: no other has anything left to do.
func transportOf(p []byte) (start int, protocol uint8, err error) {
	switch header.IPVersion(p) {
	case header.IPv4Version:
		if len(p) < header.IPv4MinimumSize {
			return 0, 0, errTruncated
		}
		h := header.IPv4(p)
		start, protocol = int(h.HeaderLength()), h.Protocol()
		if start < header.IPv4MinimumSize || start > len(p) {
			return 0, 0, errTruncated
		}
	case header.IPv6Version:
		if len(p) < header.IPv6MinimumSize {
			return 0, 0, errTruncated
		}
		start, protocol = header.IPv6MinimumSize, header.IPv6(p).NextHeader()
	default:
		return 0, 0, errTruncated
	}
	return start, protocol, nil
}

func isUDP(p []byte) bool {
	_, protocol, err := transportOf(p)
	return err == nil && protocol == uint8(header.UDPProtocolNumber)
}

// segments calls emit with each of the packets that p stands for, complete with lengths and
// checksums. emit does not keep them. p is not changed.
func segments(p []byte, o tunx.Offload, emit func([]byte)) error {
	start, protocol, err := transportOf(p)
	if err != nil {
		return err
	}
	head := start
	switch protocol {
	case uint8(header.UDPProtocolNumber):
		head += header.UDPMinimumSize
	case uint8(header.TCPProtocolNumber):
		if len(p) < start+header.TCPMinimumSize {
			return errTruncated
		}
		head += int(header.TCP(p[start:]).DataOffset())
		if head < start+header.TCPMinimumSize {
			return errTruncated
		}
	default:
		return errProtocol
	}
	if head > len(p) {
		return errTruncated
	}
	size := int(o.Segment)
	if size == 0 {
		size = max(1, len(p)-head)
	}
	buf := make([]byte, 0, head+min(size, len(p)-head))
	for i, at := 0, head; i == 0 || at < len(p); i, at = i+1, at+size {
		end := min(at+size, len(p))
		buf = append(append(buf[:0], p[:head]...), p[at:end]...)
		finishTransport(buf[start:], protocol, at-head, end == len(p))
		finishNetwork(buf, i)
		finishChecksum(buf, start, protocol)
		emit(buf)
	}
	return nil
}

// finishTransport makes the header of the whole that of the segment at offset.
func finishTransport(b []byte, protocol uint8, offset int, last bool) {
	if protocol == uint8(header.UDPProtocolNumber) {
		header.UDP(b).SetLength(uint16(len(b))) //nolint:gosec // not longer than the whole
		return
	}
	h := header.TCP(b)
	h.SetSequenceNumber(h.SequenceNumber() + uint32(offset)) //nolint:gosec // not longer than the whole
	flags := h.Flags()
	if !last {
		flags &^= header.TCPFlagFin | header.TCPFlagPsh
	}
	if offset > 0 {
		flags &^= flagCWR
	}
	h.SetFlags(uint8(flags))
}

// flagCWR is for the first segment alone (RFC 3168, 6.1.2).
const flagCWR = header.TCPFlags(0x80)

// finishNetwork sets the lengths, and what tells IPv4 packets apart.
func finishNetwork(p []byte, i int) {
	if header.IPVersion(p) == header.IPv6Version {
		header.IPv6(p).SetPayloadLength(uint16(len(p) - header.IPv6MinimumSize)) //nolint:gosec // not longer than the whole
		return
	}
	h := header.IPv4(p)
	h.SetTotalLength(uint16(len(p))) //nolint:gosec // not longer than the whole
	h.SetID(h.ID() + uint16(i))      //nolint:gosec // it may wrap
	h.SetChecksum(0)
	h.SetChecksum(^h.CalculateChecksum())
}

func finishChecksum(p []byte, start int, protocol uint8) {
	src, dst := p[12:16], p[16:20]
	if header.IPVersion(p) == header.IPv6Version {
		src, dst = p[8:24], p[24:40]
	}
	field := start + header.TCPChecksumOffset
	if protocol == uint8(header.UDPProtocolNumber) {
		field = start + 6
	}
	b := p[start:]
	binary.BigEndian.PutUint16(p[field:], 0)
	sum := checksum.Checksum(src, uint16(protocol))
	sum = checksum.Checksum(dst, sum)
	sum = checksum.Combine(sum, uint16(len(b))) //nolint:gosec // at most 65535
	sum = ^checksum.Checksum(b, sum)
	if sum == 0 && protocol == uint8(header.UDPProtocolNumber) {
		sum = 0xffff // RFC 768: 0 is no checksum
	}
	binary.BigEndian.PutUint16(p[field:], sum)
}
