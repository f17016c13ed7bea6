package netstack_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

func TestSegments(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789"), 250)
	const flags = header.TCPFlagAck | header.TCPFlagPsh | header.TCPFlagFin | header.TCPFlags(0x80)
	for name, p := range map[string][]byte{
		"TCP over IPv4": tcpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 0xfffffff0, flags, payload),
		"TCP over IPv6": tcpPacket(port("[2001:db8::1]:1"), port("[2001:db8::2]:2"), 0xfffffff0, flags, payload),
	} {
		t.Run(name, func(t *testing.T) {
			given := bytes.Clone(p)
			head := len(p) - len(payload)
			all, err := netstack.Segments(p, tunx.Offload{Segment: 1000, NeedsChecksum: true})
			require.NoError(t, err)
			assert.Equal(t, given, p)
			require.Len(t, all, 3)
			var got []byte
			for i, q := range all {
				assert.True(t, sumsRight(q))
				h := header.TCP(q[head-20:])
				assert.Equal(t, uint32(0xfffffff0)+uint32(1000*i), h.SequenceNumber())
				want := header.TCPFlagAck
				if i == 0 {
					want |= header.TCPFlags(0x80)
				}
				if i == 2 {
					want |= header.TCPFlagPsh | header.TCPFlagFin
				}
				assert.Equal(t, want, h.Flags())
				got = append(got, q[head:]...)
			}
			assert.Equal(t, payload, got)
			whole, err := netstack.Segments(p, tunx.Offload{NeedsChecksum: true})
			require.NoError(t, err)
			assert.Equal(t, [][]byte{given}, whole)
		})
	}
	for name, p := range map[string][]byte{
		"UDP over IPv4": udpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 64, payload),
		"UDP over IPv6": udpPacket(port("[2001:db8::1]:1"), port("[2001:db8::2]:2"), 64, payload),
	} {
		t.Run(name, func(t *testing.T) {
			all, err := netstack.Segments(p, tunx.Offload{Segment: 1250})
			require.NoError(t, err)
			require.Len(t, all, 2)
			for _, q := range all {
				assert.True(t, sumsRight(q))
				assert.Equal(t, payload[:1250], q[len(p)-len(payload):])
			}
		})
	}
	empty := udpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 64, nil)
	all, err := netstack.Segments(empty, tunx.Offload{NeedsChecksum: true})
	require.NoError(t, err)
	assert.Equal(t, [][]byte{empty}, all)
}

func FuzzSegments(f *testing.F) {
	f.Add([]byte(nil), uint16(0))
	f.Add([]byte{0x45}, uint16(1))
	f.Add([]byte{0x65}, uint16(1))
	f.Add(echoPacket(addr("192.0.2.1"), addr("192.0.2.2"), 64, nil), uint16(1))
	for _, a := range []string{"192.0.2.1:1", "[2001:db8::1]:1"} {
		tcp := tcpPacket(port(a), port(a), 1, header.TCPFlagAck, make([]byte, 3000))
		f.Add(tcp, uint16(1000))
		f.Add(tcp[:25], uint16(1000))
		f.Add(tcp[:45], uint16(1000))
		tcp[len(tcp)-3000-8] = 0xf0
		f.Add(tcp[:len(tcp)-2990], uint16(1000))
		tcp[len(tcp)-3000-8] = 0x10
		f.Add(tcp, uint16(1000))
		f.Add(udpPacket(port(a), port(a), 64, make([]byte, 3000)), uint16(1000))
	}
	f.Fuzz(func(t *testing.T, p []byte, size uint16) {
		if len(p) > 65535 {
			return
		}
		all, err := netstack.Segments(p, tunx.Offload{Segment: size, NeedsChecksum: true})
		if err != nil {
			return
		}
		for _, q := range all {
			if !sumsRight(q) {
				t.Errorf("%x", q)
			}
		}
	})
}

func TestSegmentsErrors(t *testing.T) {
	udp := udpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 64, nil)
	tcp := tcpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 1, header.TCPFlagAck, nil)
	six := udpPacket(port("[2001:db8::1]:1"), port("[2001:db8::2]:2"), 64, nil)
	flat, deep := bytes.Clone(tcp), bytes.Clone(tcp)
	flat[32], deep[32] = 0x10, 0xf0
	for name, p := range map[string][]byte{
		"nothing":             nil,
		"no version":          {0x15, 0, 0, 0},
		"cut IPv4":            udp[:19],
		"cut options":         append([]byte{0x4f}, udp[1:]...),
		"short header":        append([]byte{0x44}, udp[1:]...),
		"cut IPv6":            six[:39],
		"cut UDP":             udp[:27],
		"cut UDP over IPv6":   six[:47],
		"cut TCP":             tcp[:39],
		"TCP options":         deep,
		"no TCP header":       flat,
		"neither TCP nor UDP": echoPacket(addr("192.0.2.1"), addr("192.0.2.2"), 64, nil),
	} {
		t.Run(name, func(t *testing.T) {
			all, err := netstack.Segments(p, tunx.Offload{Segment: 100})
			require.Error(t, err)
			assert.Empty(t, all)
		})
	}
}

// A checksum of UDP that is 0 is sent as 0xffff, since 0 is none.
func TestSegmentsZeroChecksum(t *testing.T) {
	p := udpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 64, []byte{0, 0})
	copy(p[28:], p[26:28]) // the checksum becomes a part of the sum
	all, err := netstack.Segments(p, tunx.Offload{NeedsChecksum: true})
	require.NoError(t, err)
	assert.Equal(t, []byte{0xff, 0xff}, all[0][26:28])
	assert.True(t, sumsRight(all[0]))
}
