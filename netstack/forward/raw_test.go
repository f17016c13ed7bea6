package forward_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack/forward"
)

// families are the addresses of a client and a server in each family.
var families = map[string]struct{ client, server netip.Addr }{
	"ipv4": {client4.Addr(), netip.MustParseAddr(server4)},
	"ipv6": {client6.Addr(), netip.MustParseAddr(server6)},
}

// wire is a client that makes its packets by hand.
type wire struct {
	t       *testing.T
	dev     *forward.Device
	packets chan []byte
}

func openWire(t *testing.T, cfg *forward.Config) *wire {
	t.Helper()
	d, err := forward.NewDevice(0, cfg)
	require.NoError(t, err)
	w := &wire{t, d, make(chan []byte, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			p := make([]byte, d.MTU())
			n, err := d.Read(p)
			if err != nil {
				return
			}
			w.packets <- p[:n]
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, d.Close())
		<-done
	})
	return w
}

// send writes a packet.
func (w *wire) send(p []byte) {
	w.t.Helper()
	n, err := w.dev.Write(p)
	require.NoError(w.t, err)
	require.Equal(w.t, len(p), n)
}

// next returns the next packet.
func (w *wire) next() seen {
	w.t.Helper()
	select {
	case p := <-w.packets:
		return look(w.t, p)
	case <-time.After(20 * time.Second):
		require.Fail(w.t, "no packet")
		return seen{}
	}
}

// quiet checks that nothing was sent up to now.
func (w *wire) quiet() {
	w.t.Helper()
	select {
	case p := <-w.packets:
		require.Failf(w.t, "a packet", "%x", p)
	default:
	}
}

// seen is a packet with checksums that are right.
type seen struct {
	src, dst  netip.Addr
	protocol  uint8
	fragment  bool
	more      bool
	offset    int
	ident     uint32
	transport []byte
}

func look(t *testing.T, p []byte) seen {
	t.Helper()
	var s seen
	if p[0]>>4 == 4 {
		h := header.IPv4(p)
		require.True(t, h.IsValid(len(p)), "%x", p)
		require.True(t, h.IsChecksumValid())
		require.Len(t, p, int(h.TotalLength()))
		s.src, s.dst = netip.AddrFrom4(h.SourceAddress().As4()), netip.AddrFrom4(h.DestinationAddress().As4())
		s.protocol, s.transport = h.Protocol(), h.Payload()
		s.more, s.offset, s.ident = h.More(), int(h.FragmentOffset()), uint32(h.ID())
	} else {
		h := header.IPv6(p)
		require.True(t, h.IsValid(len(p)), "%x", p)
		s.src, s.dst = netip.AddrFrom16(h.SourceAddress().As16()), netip.AddrFrom16(h.DestinationAddress().As16())
		s.protocol, s.transport = h.NextHeader(), h.Payload()
		if s.protocol == uint8(header.IPv6FragmentHeader) {
			f := header.IPv6Fragment(s.transport)
			s.more, s.offset, s.ident = f.More(), int(f.FragmentOffset())*8, f.ID()
			s.protocol, s.transport = s.transport[0], s.transport[8:]
		}
	}
	s.fragment = s.more || s.offset > 0
	if !s.fragment {
		s.check(t)
	}
	return s
}

// check checks the checksum of the transport.
func (s seen) check(t *testing.T) {
	t.Helper()
	if s.protocol == uint8(header.UDPProtocolNumber) && s.src.Is4() && binary.BigEndian.Uint16(s.transport[6:]) == 0 {
		return
	}
	require.EqualValues(t, 0xffff, sum(s.src, s.dst, s.protocol, s.transport), "%v %x", s.protocol, s.transport)
}

func sum(src, dst netip.Addr, protocol uint8, p []byte) uint16 {
	initial := uint16(0)
	if protocol != uint8(header.ICMPv4ProtocolNumber) {
		initial = header.PseudoHeaderChecksum(tcpip.TransportProtocolNumber(protocol),
			tcpip.AddrFromSlice(src.AsSlice()), tcpip.AddrFromSlice(dst.AsSlice()), uint16(len(p)))
	}
	return checksum.Checksum(p, initial)
}

// ip returns an IP packet; at is where the checksum is in the transport, or -1.
func ip(src, dst netip.Addr, protocol uint8, transport []byte, at int) []byte {
	if at >= 0 {
		transport = append([]byte(nil), transport...)
		binary.BigEndian.PutUint16(transport[at:], 0)
		binary.BigEndian.PutUint16(transport[at:], ^sum(src, dst, protocol, transport))
	}
	if src.Is4() {
		return ipv4(src, dst, protocol, transport, nil, 0, 0)
	}
	p := make([]byte, header.IPv6MinimumSize)
	header.IPv6(p).Encode(&header.IPv6Fields{
		PayloadLength: uint16(len(transport)), TransportProtocol: tcpip.TransportProtocolNumber(protocol), HopLimit: 64,
		SrcAddr: tcpip.AddrFromSlice(src.AsSlice()), DstAddr: tcpip.AddrFromSlice(dst.AsSlice()),
	})
	return append(p, transport...) //nolint:makezero // the header stands
}

func ipv4(src, dst netip.Addr, protocol uint8, transport, options []byte, flags, offset int) []byte {
	p := make([]byte, 20, 20+len(options)+len(transport))
	p = append(p, options...)
	p[0] = 4<<4 | uint8(len(p)/4)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)+len(transport)))
	binary.BigEndian.PutUint16(p[4:], 77)
	binary.BigEndian.PutUint16(p[6:], uint16(flags|offset/8))
	p[8], p[9] = 64, protocol
	copy(p[12:], src.AsSlice())
	copy(p[16:], dst.AsSlice())
	binary.BigEndian.PutUint16(p[10:], ^checksum.Checksum(p, 0))
	return append(p, transport...)
}

// segment returns a TCP segment.
func segment(src, dst netip.Addr, flags header.TCPFlags, seq, ack uint32) []byte {
	t := make([]byte, header.TCPMinimumSize)
	header.TCP(t).Encode(&header.TCPFields{
		SrcPort: 4000, DstPort: 80, SeqNum: seq, AckNum: ack, DataOffset: header.TCPMinimumSize, Flags: flags, WindowSize: 65535,
	})
	return ip(src, dst, uint8(header.TCPProtocolNumber), t, 16)
}

// udp returns a UDP message without IP header; its checksum is to be filled in.
func udp(src, dst uint16, payload []byte) []byte {
	u := make([]byte, header.UDPMinimumSize, header.UDPMinimumSize+len(payload))
	header.UDP(u).Encode(&header.UDPFields{SrcPort: src, DstPort: dst, Length: uint16(len(u) + len(payload))})
	return append(u, payload...)
}

// ping returns an echo request, with the type of its family.
func ping(src netip.Addr, id, seq uint16, data []byte) (message []byte, protocol uint8) {
	p := append(make([]byte, 8, 8+len(data)), data...)
	p[0], protocol = 8, uint8(header.ICMPv4ProtocolNumber)
	if src.Is6() {
		p[0], protocol = 128, uint8(header.ICMPv6ProtocolNumber)
	}
	binary.BigEndian.PutUint16(p[4:], id)
	binary.BigEndian.PutUint16(p[6:], seq)
	return p, protocol
}

// fragments cuts a transport message.
func fragments(src, dst netip.Addr, protocol uint8, transport []byte, at, size int) [][]byte {
	transport = append([]byte(nil), transport...)
	binary.BigEndian.PutUint16(transport[at:], ^sum(src, dst, protocol, transport))
	var all [][]byte
	for offset := 0; offset < len(transport); offset += size {
		end := min(offset+size, len(transport))
		more := 0
		if end < len(transport) {
			more = 1
		}
		if src.Is4() {
			all = append(all, ipv4(src, dst, protocol, transport[offset:end], nil, more<<13, offset))
			continue
		}
		f := []byte{protocol, 0, 0, 0, 0, 0, 0, 9}
		binary.BigEndian.PutUint16(f[2:], uint16(offset|more))
		all = append(all, ip(src, dst, uint8(header.IPv6FragmentHeader), append(f, transport[offset:end]...), -1))
	}
	return all
}

// reassemble puts the fragments of a message together, which come in order, and checks it.
func (w *wire) reassemble() seen {
	w.t.Helper()
	first := w.next()
	for last := first; last.more; {
		last = w.next()
		require.Equal(w.t, first.ident, last.ident)
		require.Len(w.t, first.transport, last.offset)
		first.transport = append(first.transport, last.transport...)
	}
	first.check(w.t)
	return first
}
