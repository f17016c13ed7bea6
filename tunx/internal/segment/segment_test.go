package segment_test

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/internal/segment"
)

// slowSum is RFC 1071 as it is written there.
func slowSum(p []byte, initial uint16) uint16 {
	sum := uint32(initial)
	for i, b := range p {
		if i%2 == 0 {
			sum += uint32(b) << 8
		} else {
			sum += uint32(b)
		}
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum>>16 + sum&0xffff)
}

func TestSum(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		initial := uint16(random.Uint32())
		assert.Equal(t, slowSum(p, initial), segment.Sum(p, initial), "%d bytes", n)
		for i := range p {
			p[i] = 0xff
		}
		assert.Equal(t, slowSum(p, 0xffff), segment.Sum(p, 0xffff), "%d bytes", n)
	}
}

// packet makes one that stands for several, with a payload of n bytes.
func packet(version, protocol byte, n int, size uint16) ([]byte, segment.Offload) {
	network, transport, offset := 20, 20, uint16(16)
	if version == 6 {
		network = 40
	}
	if protocol == 17 {
		transport, offset = 8, 6
	}
	p := make([]byte, network+transport+n)
	for i := range p[network+transport:] {
		p[network+transport+i] = byte(i * 7)
	}
	addresses := p[12:20]
	if version == 4 {
		p[0] = 0x45
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		binary.BigEndian.PutUint16(p[4:], 0xfffe) // overflows
		p[8], p[9] = 64, protocol
	} else {
		addresses = p[8:40]
		p[0] = 0x60
		binary.BigEndian.PutUint16(p[4:], uint16(len(p)-40))
		p[6], p[7] = protocol, 64
	}
	for i := range addresses {
		addresses[i] = byte(i + 1)
	}
	segmentHeader := p[network:]
	if protocol == 6 {
		binary.BigEndian.PutUint32(segmentHeader[4:], 0xffffff00) // overflows
		segmentHeader[12], segmentHeader[13] = 5<<4, 0xff
	} else {
		binary.BigEndian.PutUint16(segmentHeader[4:], uint16(transport+n))
	}
	pseudo := slowSum(addresses, 0)
	pseudo = slowSum([]byte{0, protocol}, pseudo)
	pseudo = slowSum(binary.BigEndian.AppendUint16(nil, uint16(transport+n)), pseudo)
	binary.BigEndian.PutUint16(segmentHeader[offset:], pseudo)
	return p, segment.Offload{
		Segment: size, HeaderLen: uint16(network + transport), NeedsChecksum: true,
		CsumStart: uint16(network), CsumOffset: offset,
	}
}

// valid checks everything in a complete packet.
func valid(t *testing.T, p []byte) {
	t.Helper()
	network, protocol, addresses := 20, p[9], p[12:20]
	if p[0]>>4 == 4 {
		assert.Equal(t, len(p), int(binary.BigEndian.Uint16(p[2:])))
		assert.Equal(t, uint16(0xffff), slowSum(p[:20], 0), "IPv4 checksum")
	} else {
		network, protocol, addresses = 40, p[6], p[8:40]
		assert.Equal(t, len(p)-40, int(binary.BigEndian.Uint16(p[4:])))
	}
	if protocol == 17 {
		assert.Equal(t, len(p)-network, int(binary.BigEndian.Uint16(p[network+4:])))
		assert.NotZero(t, binary.BigEndian.Uint16(p[network+6:]))
	}
	pseudo := slowSum(addresses, uint16(protocol))
	pseudo = slowSum(binary.BigEndian.AppendUint16(nil, uint16(len(p)-network)), pseudo)
	assert.Equal(t, uint16(0xffff), slowSum(p[network:], pseudo), "transport checksum")
}

func TestCutter(t *testing.T) {
	for _, version := range []byte{4, 6} {
		for _, protocol := range []byte{6, 17} {
			for _, n := range []int{1, 99, 100, 101, 1000, 60001} {
				p, o := packet(version, protocol, n, 100)
				want := append([]byte(nil), p[o.HeaderLen:]...)
				require.NoError(t, o.Check(p, len(p)))
				var c segment.Cutter
				assert.False(t, c.More())
				c.Reset(p, o)
				var payload []byte
				for i := 0; c.More(); i++ {
					out := make([]byte, 1500)
					out = out[:c.Next(out)]
					valid(t, out)
					last := len(payload)+len(out)-int(o.HeaderLen) == n
					if version == 4 {
						assert.Equal(t, uint16(0xfffe+i), binary.BigEndian.Uint16(out[4:]), "identification")
					}
					if protocol == 6 {
						assert.Equal(t, 0xffffff00+uint32(len(payload)), binary.BigEndian.Uint32(out[o.CsumStart+4:]))
						flags := out[o.CsumStart+13]
						assert.Equal(t, last, flags&1 != 0, "FIN")
						assert.Equal(t, last, flags&8 != 0, "PSH")
						assert.Equal(t, i == 0, flags&128 != 0, "CWR")
					}
					payload = append(payload, out[o.HeaderLen:]...)
				}
				assert.Equal(t, want, payload)
			}
		}
	}
}

// TestCutterCuts: a destination that is too short gets the beginning of the same packet.
func TestCutterCuts(t *testing.T) {
	p, o := packet(6, 17, 300, 100)
	var whole, cut segment.Cutter
	whole.Reset(p, o)
	cut.Reset(append([]byte(nil), p...), o)
	for _, n := range []int{0, 60, 1500} {
		out, short := make([]byte, 1500), make([]byte, n)
		out = out[:whole.Next(out)]
		assert.Equal(t, min(n, len(out)), cut.Next(short))
		assert.Equal(t, out[:min(n, len(out))], short[:min(n, len(out))])
	}
	assert.False(t, cut.More())
}

func TestFinish(t *testing.T) {
	for _, version := range []byte{4, 6} {
		for _, protocol := range []byte{6, 17} {
			p, o := packet(version, protocol, 333, 0)
			if version == 4 { // is not the transport's
				binary.BigEndian.PutUint16(p[10:], ^slowSum(p[:20], 0))
			}
			require.NoError(t, o.Check(p, len(p)))
			o.Finish(p)
			valid(t, p)
			same := append([]byte(nil), p...)
			segment.Offload{}.Finish(p)
			assert.Equal(t, same, p)
		}
	}
}

// TestUDPZero: a checksum of 0 is sent as 0xffff.
func TestUDPZero(t *testing.T) {
	p, o := packet(4, 17, 2, 0)
	copy(p[28:], []byte{0, 0})
	o.Finish(p)
	sum := binary.BigEndian.Uint16(p[26:])
	p, o = packet(4, 17, 2, 0)
	binary.BigEndian.PutUint16(p[28:], sum) // makes it 0
	o.Finish(p)
	assert.Equal(t, uint16(0xffff), binary.BigEndian.Uint16(p[26:]))
}

func TestCheck(t *testing.T) {
	for name, change := range map[string]func(p []byte, o *segment.Offload) []byte{
		"no packet":        func(p []byte, _ *segment.Offload) []byte { p[0] = 0x35; return p },
		"short":            func(p []byte, _ *segment.Offload) []byte { return p[:19] },
		"header length":    func(p []byte, _ *segment.Offload) []byte { p[0] = 0x44; return p },
		"inside of IP":     func(p []byte, o *segment.Offload) []byte { o.CsumStart = 19; return p },
		"behind the end":   func(p []byte, o *segment.Offload) []byte { o.CsumStart = 60000; return p },
		"no checksum":      func(p []byte, o *segment.Offload) []byte { o.NeedsChecksum = false; return p },
		"SCTP":             func(p []byte, o *segment.Offload) []byte { o.CsumOffset = 8; return p },
		"TCP header":       func(p []byte, _ *segment.Offload) []byte { p[32] = 4 << 4; return p },
		"headers":          func(p []byte, o *segment.Offload) []byte { o.HeaderLen++; return p },
		"no payload":       func(p []byte, _ *segment.Offload) []byte { return p[:40] },
		"TCP header's end": func(p []byte, o *segment.Offload) []byte { o.HeaderLen = 80; p[32] = 15 << 4; return p[:70] },
	} {
		p, o := packet(4, 6, 100, 50)
		p = change(p, &o)
		assert.Error(t, o.Check(p, len(p)), name)
	}
	assert.NoError(t, segment.Offload{}.Check(nil, 0))
}

// TestComplete: what the header of the kernel does not say is found in the packet.
func TestComplete(t *testing.T) {
	for _, version := range []byte{4, 6} {
		for _, protocol := range []byte{6, 17} {
			p, want := packet(version, protocol, 300, 100)
			want.ChecksumValidated = true
			same := append([]byte(nil), p...)
			p[want.CsumStart+want.CsumOffset] ^= 0xff // the checksum of the whole
			got := segment.Offload{Segment: 100, ChecksumValidated: true}
			require.True(t, got.Complete(p))
			assert.Equal(t, want, got)
			assert.Equal(t, same, p)
			got.HeaderLen = 0
			require.True(t, got.Complete(p))
			assert.Equal(t, want, got)
		}
	}
	for name, p := range map[string][]byte{
		"nothing":      nil,
		"options":      {0x4f, 19: 0},
		"other":        {0x45, 9: 1, 60: 0},
		"short header": {0x45, 9: 6, 30: 0},
	} {
		o := segment.Offload{Segment: 100}
		assert.False(t, o.Complete(p), name)
	}
}

// FuzzOffload: whatever is accepted is cut into packets that together have the payload.
func FuzzOffload(f *testing.F) {
	for _, protocol := range []byte{6, 17} {
		p, o := packet(4, protocol, 300, 100)
		f.Add(p, o.Segment, o.HeaderLen, o.NeedsChecksum, o.CsumStart, o.CsumOffset)
		f.Add(p, o.Segment, o.HeaderLen, false, uint16(0), uint16(0))
	}
	f.Fuzz(func(t *testing.T, p []byte, size, headers uint16, needs bool, start, offset uint16) {
		if len(p) > 65535 {
			return
		}
		o := segment.Offload{Segment: size, HeaderLen: headers, NeedsChecksum: needs, CsumStart: start, CsumOffset: offset}
		if o.Check(p, len(p)) != nil && !o.Complete(p) {
			return
		}
		if o.Segment == 0 {
			o.Finish(p)
			return
		}
		want := append([]byte(nil), p[o.HeaderLen:]...)
		var c segment.Cutter
		c.Reset(p, o)
		var payload []byte
		for out := make([]byte, 65535); c.More(); {
			n := c.Next(out)
			if n > int(o.HeaderLen)+int(o.Segment) {
				t.Fatalf("a segment of %d bytes", n)
			}
			payload = append(payload, out[o.HeaderLen:n]...)
		}
		assert.Equal(t, want, payload)
	})
}
