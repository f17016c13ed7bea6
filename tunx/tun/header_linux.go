package tun

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/tunx"
)

// headerLen is the length of struct virtio_net_hdr, which is before each packet: flags,
// segmentation, and four numbers of 16 bits in the byte order of the machine.
const headerLen = 10

type header [headerLen]byte

// offload returns what the header says, but for the length of the packet's headers: the
// kernel's is only that of what it has at hand.
func (h *header) offload() tunx.Offload {
	o := tunx.Offload{
		NeedsChecksum:     h[0]&unix.VIRTIO_NET_HDR_F_NEEDS_CSUM != 0,
		ChecksumValidated: h[0]&(unix.VIRTIO_NET_HDR_F_DATA_VALID|unix.VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0,
	}
	if o.NeedsChecksum {
		o.CsumStart = binary.NativeEndian.Uint16(h[6:])
		o.CsumOffset = binary.NativeEndian.Uint16(h[8:])
	}
	if h[1] != unix.VIRTIO_NET_HDR_GSO_NONE {
		o.Segment = binary.NativeEndian.Uint16(h[4:])
	}
	return o
}

// set makes the header of a packet that begins with p. The kernel wants to know the
// transport, which is told by where its checksum is.
func (h *header) set(p []byte, o tunx.Offload) {
	*h = header{}
	if o.NeedsChecksum {
		h[0] = unix.VIRTIO_NET_HDR_F_NEEDS_CSUM
		binary.NativeEndian.PutUint16(h[6:], o.CsumStart)
		binary.NativeEndian.PutUint16(h[8:], o.CsumOffset)
	}
	if o.Segment == 0 {
		return
	}
	h[1] = segmentation(p, o)
	binary.NativeEndian.PutUint16(h[2:], o.HeaderLen)
	binary.NativeEndian.PutUint16(h[4:], o.Segment)
}

func segmentation(p []byte, o tunx.Offload) byte {
	if isUDP(o) {
		return unix.VIRTIO_NET_HDR_GSO_UDP_L4
	}
	kind := byte(unix.VIRTIO_NET_HDR_GSO_TCPV4)
	if p[0]>>4 == 6 {
		kind = unix.VIRTIO_NET_HDR_GSO_TCPV6
	}
	const cwr = 1 << 7 // is for the first segment alone
	if p[int(o.CsumStart)+13]&cwr != 0 {
		kind |= unix.VIRTIO_NET_HDR_GSO_ECN
	}
	return kind
}

// isUDP reports whether the checksum is where UDP has it.
func isUDP(o tunx.Offload) bool { return o.CsumOffset == 6 }
