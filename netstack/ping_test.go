package netstack_test

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// echo returns an ICMP echo request.
func echo(kind byte, seq uint16, data string) []byte {
	p := append(make([]byte, 8), data...)
	p[0] = kind
	binary.BigEndian.PutUint16(p[6:], seq)
	return p
}

// checkReply checks an echo reply.
func checkReply(t *testing.T, p []byte, kind byte, id, seq uint16, data string) {
	t.Helper()
	require.Len(t, p, 8+len(data))
	assert.Equal(t, kind, p[0])
	assert.Equal(t, id, binary.BigEndian.Uint16(p[4:]))
	assert.Equal(t, seq, binary.BigEndian.Uint16(p[6:]))
	assert.Equal(t, data, string(p[8:]))
}

func TestPing(t *testing.T) {
	left, _ := newPair(t)
	for _, c := range []struct {
		network, host  string
		request, reply byte
	}{
		{"ip4:icmp", right4, 8, 0}, {"ping", right4, 8, 0}, {"ping4", right4, 8, 0}, {"ip4:1", right4, 8, 0},
		{"ip6:ipv6-icmp", right6, 128, 129}, {"ping", right6, 128, 129}, {"ping6", right6, 128, 129}, {"ip6:58", right6, 128, 129},
	} {
		t.Run(c.network+" "+c.host, func(t *testing.T) {
			conn, err := left.Dial(c.network, c.host)
			require.NoError(t, err)
			defer conn.Close()
			id := conn.(*netstack.PingConn).Identifier()
			p := make([]byte, 2000)
			for seq, data := range []string{"hello", "", string(noise(1800))} {
				_, err = conn.Write(echo(c.request, uint16(seq), data))
				require.NoError(t, err)
				require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
				n, err := conn.Read(p)
				require.NoError(t, err)
				checkReply(t, p[:n], c.reply, id, uint16(seq), data)
			}
			_, err = conn.Write(echo(c.request+1, 1, ""))
			assert.ErrorIs(t, err, netstack.ErrInvalidEndpointState)
			_, err = conn.Write([]byte("short"))
			assert.ErrorIs(t, err, netstack.ErrInvalidEndpointState)
			_, err = conn.(*netstack.PingConn).WriteTo(echo(c.request, 1, ""), conn.RemoteAddr())
			assert.ErrorIs(t, err, net.ErrWriteToConnected)
		})
	}
}

func TestPingFrom(t *testing.T) {
	left, _ := newPair(t)
	for _, c := range []struct {
		network, host  string
		request, reply byte
	}{{"ip4:icmp", right4, 8, 0}, {"ip6:ipv6-icmp", right6, 128, 129}} {
		conn, err := left.ListenPacket(c.network, "")
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.WriteTo(echo(c.request, 7, "hello"), &net.IPAddr{IP: net.ParseIP(c.host)})
		require.NoError(t, err)
		p := make([]byte, 100)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		n, from, err := conn.ReadFrom(p)
		require.NoError(t, err)
		assert.Equal(t, c.host, from.String())
		checkReply(t, p[:n], c.reply, conn.(*netstack.PingConn).Identifier(), 7, "hello")
		for _, to := range []net.Addr{&net.UDPAddr{}, (*net.IPAddr)(nil), &net.IPAddr{}} {
			_, err = conn.WriteTo(echo(c.request, 1, ""), to)
			assert.Error(t, err)
		}
	}
}
