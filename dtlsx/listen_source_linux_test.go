package dtlsx_test

import (
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// TestAnswersFromWhereTheClientWrote: a connected socket takes nothing else.
func TestAnswersFromWhereTheClientWrote(t *testing.T) {
	noLeak(t)
	for address, ips := range map[string][]string{
		":0": {"127.0.0.1", "127.0.0.77", "::1"}, "udp://[::]:0": {"127.0.0.77", "::1"},
		"udp4://:0": {"127.0.0.77"}, "udp4://0.0.0.0:0": {"127.0.0.77"}, "udp6://:0": {"::1"},
	} {
		t.Run(address, func(t *testing.T) {
			l := listen(t, dtlsx.ListenConfig{Address: address})
			for _, ip := range ips {
				to := &net.UDPAddr{IP: net.ParseIP(ip), Port: l.Addr().(*net.UDPAddr).Port}
				c, err := net.DialUDP("udp", nil, to)
				require.NoError(t, err)
				client := peerOn(t, connected{c}, l)
				require.NoError(t, client.HandshakeContext(t.Context()), ip)
				s := accept(t, l)
				talk(t, client, s, "from "+ip)
				assert.Equal(t, c.LocalAddr().String(), s.RemoteAddr().String())
			}
		})
	}
}

// connected is a connected socket as a packet conn.
type connected struct{ *net.UDPConn }

func (c connected) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }

// pktinfo is the control message of an IPv4 datagram, on 64 bits.
func pktinfo(index byte) []byte {
	return []byte{28, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, index, 0, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0}
}

// pktinfo6 is that of an IPv6 datagram.
func pktinfo6(ip string, index byte) []byte {
	b := []byte{36, 0, 0, 0, 0, 0, 0, 0, 41, 0, 0, 0, 50, 0, 0, 0}
	return append(append(b, net.ParseIP(ip).To16()...), index, 0, 0, 0)
}

func TestSourceOf(t *testing.T) {
	if strconv.IntSize != 64 {
		t.Skip("the messages are those of 64 bits")
	}
	tos := []byte{17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}
	assert.Equal(t, pktinfo(0)[:28], dtlsx.SourceOf(pktinfo(3)))
	assert.Equal(t, pktinfo(0)[:28], dtlsx.SourceOf(append(tos, pktinfo(3)...)), "behind another one")
	assert.Equal(t, pktinfo6("2001:db8::1", 0), dtlsx.SourceOf(pktinfo6("2001:db8::1", 2)))
	assert.Equal(t, pktinfo6("fe80::1", 2), dtlsx.SourceOf(pktinfo6("fe80::1", 2)), "link-local needs its interface")
	assert.Nil(t, dtlsx.SourceOf(pktinfo6("ff02::1", 2)), "nothing can be sent from a group")
	assert.Nil(t, dtlsx.SourceOf(tos))
	assert.Nil(t, dtlsx.SourceOf(nil))
	for n := range 28 {
		assert.Nil(t, dtlsx.SourceOf(pktinfo(3)[:n]), "%d bytes", n)
	}
}

func FuzzSourceOf(f *testing.F) {
	f.Add(pktinfo(3))
	f.Add(pktinfo6("fe80::1", 2))
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := dtlsx.SourceOf(b); s != nil {
			assert.LessOrEqual(t, len(s), len(b))
		}
	})
}
