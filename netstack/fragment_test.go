package netstack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/strata-net/strata/netstack"
)

// withOptions returns the IPv4 packet p with options, whose length is a multiple of 4.
func withOptions(p, options []byte) []byte {
	q := append(append(append([]byte(nil), p[:20]...), options...), p[20:]...)
	h := header.IPv4(q)
	h.SetHeaderLength(uint8(20 + len(options)))
	h.SetTotalLength(uint16(len(q)))
	return summed(q)
}

// summed returns the IPv4 packet p with the right checksum of its header.
func summed(p []byte) []byte {
	h := header.IPv4(p)
	h.SetChecksum(0)
	h.SetChecksum(^h.CalculateChecksum())
	return p
}

// Fragments have all of the packet once, and the options that are for each of them.
func TestFragments(t *testing.T) {
	payload := make([]byte, 1000)
	for i := range payload {
		payload[i] = byte(i)
	}
	whole := udpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 64, payload)
	options := []byte{7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0} // record route, nothing, router alert (copied)
	later := []byte{148, 4, 0, 0}
	part := append([]byte(nil), whole...)
	header.IPv4(part).SetFlagsFragmentOffset(header.IPv4FlagMoreFragments, 800)
	for name, test := range map[string]struct {
		p    []byte
		head int // of the first
		next int // of the others
		base int
		more bool
	}{
		"plain":         {whole, 20, 20, 0, false},
		"options":       {withOptions(whole, options), 32, 24, 0, false},
		"of a fragment": {summed(part), 20, 20, 800, true},
		"odd options":   {withOptions(whole, []byte{200, 0, 9, 9}), 24, 24, 0, false},
		"to pad":        {withOptions(whole, []byte{200, 3, 9, 1}), 24, 24, 0, false},
		"end":           {withOptions(whole, []byte{0, 200, 200, 200}), 24, 20, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			given := append([]byte(nil), test.p...)
			all, err := netstack.Fragments(test.p, 300)
			require.NoError(t, err)
			assert.Equal(t, given, test.p)
			require.Len(t, all, 4)
			var got []byte
			head := test.head
			for i, q := range all {
				h := header.IPv4(q)
				assert.True(t, h.IsValid(len(q)) && h.IsChecksumValid())
				assert.LessOrEqual(t, len(q), 300)
				assert.EqualValues(t, head, h.HeaderLength())
				assert.EqualValues(t, test.base+len(got), h.FragmentOffset())
				assert.Equal(t, i < 3 || test.more, h.More())
				if head == 24 && name == "options" {
					assert.Equal(t, later, q[20:24])
				}
				got, head = append(got, q[h.HeaderLength():]...), test.next
			}
			assert.Equal(t, test.p[test.head:], got)
		})
	}
	_, err := netstack.Fragments(whole, 27)
	assert.ErrorIs(t, err, netstack.ErrMessageTooLong)
}

func FuzzFragments(f *testing.F) {
	f.Add([]byte{7, 7, 4, 0, 0, 0, 0, 1, 148, 4, 0, 0}, uint16(100), uint16(1000))
	f.Add([]byte{1, 2, 3, 255}, uint16(28), uint16(1))
	f.Fuzz(func(t *testing.T, options []byte, mtu, size uint16) {
		options = options[:min(len(options), 40)&^3]
		p := withOptions(udpPacket(port("192.0.2.1:1"), port("192.0.2.2:2"), 64, make([]byte, size%60000)), options)
		all, err := netstack.Fragments(p, int(mtu))
		if err != nil {
			return
		}
		n := 0
		for _, q := range all {
			h := header.IPv4(q)
			if len(q) > int(mtu) || !h.IsValid(len(q)) || !h.IsChecksumValid() || int(h.FragmentOffset()) != n {
				t.Fatalf("%x", q)
			}
			n += int(h.PayloadLength())
		}
		if n != len(p)-20-len(options) {
			t.Errorf("%d bytes of %d", n, len(p))
		}
	})
}
