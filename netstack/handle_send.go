package netstack

import (
	"encoding/binary"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/strata-net/strata/tunx"
)

// ttl is the hop limit of what is sent past the engine (RFC 1700).
const ttl = 64

// identification is that of the packet sent last; only fragments need one (RFC 6864).
var identification atomic.Uint32

// message is a transport message on its way out past the engine.
type message struct {
	src, dst netip.Addr
	protocol uint8
	sumAt    int // where the checksum is in the header
	header   [8]byte
	payload  []byte
	queued   bool // it does not wait for the device

	ip     [headerIPv6 + 8]byte // and a fragment header
	parts  [3][]byte
	packet []byte // the parts together, for devices that take but one
}

var messages = sync.Pool{New: func() any { return new(message) }}

func newMessage(src, dst netip.Addr, t TransportProtocolNumber, sumAt int, payload []byte) *message {
	m := messages.Get().(*message)
	m.src, m.dst, m.protocol, m.sumAt = src.Unmap(), dst.Unmap(), uint8(t), sumAt //nolint:gosec // an IP protocol has 8 bits
	m.header, m.payload, m.queued = [8]byte{}, payload, false
	return m
}

func (m *message) release() {
	m.payload, m.parts = nil, [3][]byte{}
	if cap(m.packet) <= 4096 {
		messages.Put(m)
	}
}

// send writes the message to the NIC, in fragments when it is too long for it.
func (m *message) send(o *outlet) error {
	length, header := len(m.header)+len(m.payload), headerIPv6
	if m.src.Is4() {
		header = headerIPv4
	}
	switch {
	case !m.src.IsValid() || !m.dst.IsValid() || m.src.Is4() != m.dst.Is4():
		return &Error{Op: "send", Field: "addresses", Value: m.src.String() + ">" + m.dst.String(), Err: ErrBadLocalAddress}
	case length+header > math.MaxUint16:
		return tunx.ErrMsgSize
	}
	mtu := o.link.dev.MTU()
	switch {
	case header+length > mtu:
		m.sum()
		return m.sendFragments(o, mtu, header)
	case m.protocol == uint8(UDP) && !o.link.loop && o.link.ports[0].offload != nil:
		m.partialSum()
		return m.write(o, tunx.Offload{NeedsChecksum: true, CsumStart: uint16(header), CsumOffset: uint16(m.sumAt)}, //nolint:gosec // send bounds it
			m.ipHeader(length), m.header[:], m.payload)
	default:
		m.sum()
		return m.write(o, tunx.Offload{}, m.ipHeader(length), m.header[:], m.payload)
	}
}

// sendFragments cuts the message so that each fragment fits.
func (m *message) sendFragments(o *outlet, mtu, header int) error {
	id := identification.Add(1)
	if m.src.Is6() {
		header += 8
	}
	room := (mtu - header) &^ 7
	if room < 8 {
		return tunx.ErrMsgSize
	}
	first, offset := m.header[:], 0
	for rest := m.payload; ; {
		n := min(len(rest), room-len(first))
		more := n < len(rest)
		if err := m.write(o, tunx.Offload{}, m.fragmentHeader(len(first)+n, offset, more, id), first, rest[:n]); err != nil || !more {
			return err
		}
		offset, rest, first = offset+len(first)+n, rest[n:], nil
	}
}

// sum fills in the checksum.
func (m *message) sum() {
	sum := ^sum16(m.payload, uint32(sum16(m.header[:], m.pseudo())))
	if sum == 0 && m.protocol == uint8(UDP) {
		sum = math.MaxUint16 // zero is none (RFC 768)
	}
	binary.BigEndian.PutUint16(m.header[m.sumAt:], sum)
}

// partialSum leaves the checksum to the device.
func (m *message) partialSum() {
	binary.BigEndian.PutUint16(m.header[m.sumAt:], sum16(nil, m.pseudo()))
}

func (m *message) pseudo() uint32 {
	if m.protocol == uint8(ICMPv4) {
		return 0
	}
	return pseudo(m.src, m.dst, m.protocol, len(m.header)+len(m.payload))
}

// write writes a packet of three parts. What comes back waits as what is queued does: its
// handler may be what sends it.
func (m *message) write(o *outlet, off tunx.Offload, ip, header, payload []byte) error {
	m.parts = [3][]byte{ip, header, payload}
	if m.queued || o.link.isOwn(engineAddr(m.dst)) {
		return o.reply(m.parts[:])
	}
	return o.write(m.parts[:], &m.packet, int(m.src.Unmap().As16()[15])+int(m.dst.Unmap().As16()[15]), off)
}

// ipHeader returns the header of a whole packet with so many bytes of payload.
func (m *message) ipHeader(length int) []byte {
	if m.src.Is4() {
		return m.ipv4(length, 0, uint16(identification.Add(1))) //nolint:gosec // it may wrap
	}
	return m.ipv6(length, m.protocol)
}

// fragmentHeader returns the headers of a fragment.
func (m *message) fragmentHeader(length, offset int, more bool, id uint32) []byte {
	flags := uint16(offset) //nolint:gosec // send bounds it
	if m.src.Is4() {
		flags /= 8
		if more {
			flags |= 1 << 13
		}
		return m.ipv4(length, flags, uint16(id)) //nolint:gosec // it may wrap
	}
	if more {
		flags |= 1
	}
	m.ipv6(8+length, 44)
	f := m.ip[headerIPv6:]
	f[0], f[1] = m.protocol, 0
	binary.BigEndian.PutUint16(f[2:], flags)
	binary.BigEndian.PutUint32(f[4:], id)
	return m.ip[:]
}

func (m *message) ipv4(length int, fragment, id uint16) []byte {
	h := m.ip[:headerIPv4]
	h[0], h[1] = 4<<4|headerIPv4/4, 0
	binary.BigEndian.PutUint16(h[2:], uint16(headerIPv4+length)) //nolint:gosec // send bounds it
	binary.BigEndian.PutUint16(h[4:], id)
	binary.BigEndian.PutUint16(h[6:], fragment)
	h[8], h[9], h[10], h[11] = ttl, m.protocol, 0, 0
	src, dst := m.src.As4(), m.dst.As4()
	copy(h[12:], src[:])
	copy(h[16:], dst[:])
	binary.BigEndian.PutUint16(h[10:], ^sum16(h, 0))
	return h
}

func (m *message) ipv6(length int, next uint8) []byte {
	h := m.ip[:headerIPv6]
	binary.BigEndian.PutUint32(h, 6<<28)
	binary.BigEndian.PutUint16(h[4:], uint16(length)) //nolint:gosec // send bounds it
	h[6], h[7] = next, ttl
	src, dst := m.src.As16(), m.dst.As16()
	copy(h[8:], src[:])
	copy(h[24:], dst[:])
	return h
}
