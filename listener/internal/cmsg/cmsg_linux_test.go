package cmsg_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener/internal/cmsg"
)

// x/sys writes the same bytes.
func TestSameAsSys(t *testing.T) {
	var info4 unix.Inet4Pktinfo
	info4.Ifindex, info4.Spec_dst = 3, [4]byte{10, 0, 0, 1}
	assert.Equal(t, unix.PktInfo4(&info4), cmsg.AppendSource(nil, false, netip.MustParseAddr("10.0.0.1"), 3))
	assert.Equal(t, unix.PktInfo4(&unix.Inet4Pktinfo{Ifindex: 3}), cmsg.AppendSource(nil, false, netip.Addr{}, 3))
	info6 := unix.Inet6Pktinfo{Addr: netip.MustParseAddr("2001:db8::1").As16(), Ifindex: 3}
	assert.Equal(t, unix.PktInfo6(&info6), cmsg.AppendSource(nil, true, netip.MustParseAddr("2001:db8::1"), 3))
	messages, err := unix.ParseSocketControlMessage(cmsg.AppendTOS(cmsg.AppendSegment(nil, 1400), false, 2))
	require.NoError(t, err)
	require.Len(t, messages, 2)
	assert.EqualValues(t, unix.IPPROTO_UDP, messages[0].Header.Level)
	assert.EqualValues(t, unix.UDP_SEGMENT, messages[0].Header.Type)
	assert.Equal(t, []byte{0x78, 0x05}, messages[0].Data)
	assert.EqualValues(t, unix.IP_TOS, messages[1].Header.Type)
}

func message(level, kind int, data ...byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	copy(b, cmsg.AppendTOS(nil, false, 0)[:unix.CmsgLen(0)])
	b[0] = byte(unix.CmsgLen(len(data)))
	b[8], b[12] = byte(level), byte(kind)
	copy(b[unix.CmsgLen(0):], data)
	return b
}

func TestParse(t *testing.T) {
	local := []byte{3, 0, 0, 0, 1, 1, 1, 1, 10, 0, 0, 1}
	for _, test := range []struct {
		name string
		b    []byte
		want cmsg.Info
	}{
		{"nothing", nil, cmsg.Info{}},
		{"destination, not the local address", message(unix.IPPROTO_IP, unix.IP_PKTINFO, local...), cmsg.Info{Local: netip.MustParseAddr("10.0.0.1"), Interface: 3}},
		{"TOS is a byte", message(unix.IPPROTO_IP, unix.IP_TOS, 0xba), cmsg.Info{ECN: 2}},
		{"class is an int", message(unix.IPPROTO_IPV6, unix.IPV6_TCLASS, 0xb9, 0, 0, 0), cmsg.Info{ECN: 1}},
		{"TTL", message(unix.IPPROTO_IP, unix.IP_TTL, 63, 0, 0, 0), cmsg.Info{HopLimit: 63}},
		{"hop limit", message(unix.IPPROTO_IPV6, unix.IPV6_HOPLIMIT, 255, 0, 0, 0), cmsg.Info{HopLimit: 255}},
		{"GRO", message(unix.IPPROTO_UDP, unix.UDP_GRO, 0x78, 5, 0, 0), cmsg.Info{Segment: 1400}},
		{"GRO of 0", message(unix.IPPROTO_UDP, unix.UDP_GRO, 0, 0, 0, 0), cmsg.Info{}},
		{"GRO below 0", message(unix.IPPROTO_UDP, unix.UDP_GRO, 0, 0, 0, 0x80), cmsg.Info{}},
		{"too short for what they are", bytes.Join([][]byte{
			message(unix.IPPROTO_IP, unix.IP_PKTINFO, 1, 2, 3), message(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, 1),
			message(unix.IPPROTO_IP, unix.IP_TOS), message(unix.IPPROTO_IP, unix.IP_TTL), message(unix.IPPROTO_UDP, unix.UDP_GRO),
		}, nil), cmsg.Info{}},
		{"others", bytes.Join([][]byte{
			message(unix.SOL_SOCKET, unix.SO_TIMESTAMP, 1, 2, 3, 4, 5, 6, 7, 8), message(unix.IPPROTO_IP, 99, 1), message(unix.IPPROTO_IPV6, 99, 1),
		}, nil), cmsg.Info{}},
		{"last one without padding", message(unix.IPPROTO_IP, unix.IP_TOS, 3)[:unix.CmsgLen(1)], cmsg.Info{ECN: 3}},
	} {
		var i cmsg.Info
		require.NoError(t, cmsg.Parse(test.b, &i), test.name)
		assert.Equal(t, test.want, i, test.name)
	}
	for name, b := range map[string][]byte{
		"half a header":   message(unix.IPPROTO_IP, unix.IP_TOS, 3)[:10],
		"longer than it":  message(unix.IPPROTO_IP, unix.IP_TOS, 3)[:16],
		"length 0":        make([]byte, 16),
		"length too high": bytes.Repeat([]byte{0xff}, 64),
	} {
		assert.Error(t, cmsg.Parse(b, &cmsg.Info{}), name)
	}
}

// Whatever the bytes, what x/sys takes is taken, and nothing panics.
func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add(cmsg.AppendSegment(cmsg.AppendTOS(cmsg.AppendSource(nil, true, netip.IPv6Loopback(), 1), true, 3), 100))
	f.Add(cmsg.AppendSource(nil, false, netip.MustParseAddr("10.0.0.1"), 1))
	f.Add(message(unix.IPPROTO_IP, unix.IP_TOS, 3)[:unix.CmsgLen(1)])
	f.Fuzz(func(t *testing.T, b []byte) {
		var i cmsg.Info
		err := cmsg.Parse(b, &i)
		messages, sysErr := unix.ParseSocketControlMessage(b)
		rest := len(b) // bytes at the end that x/sys ignores
		for _, m := range messages {
			rest -= unix.CmsgSpace(len(m.Data))
		}
		if sysErr == nil && rest <= 0 && err != nil {
			t.Errorf("refused %x, which x/sys takes: %v", b, err)
		}
		if i.ECN > 3 || i.Segment < 0 {
			t.Errorf("impossible: %+v", i)
		}
	})
}
