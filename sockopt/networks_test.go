package sockopt_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// TestNetworkOf shows that the length of the address tells the family of the socket, also on a dual-stack one.
func TestNetworkOf(t *testing.T) {
	for _, test := range []struct{ network, address, want string }{
		{"tcp4", "127.0.0.1:0", "tcp4"},
		{"tcp", "127.0.0.1:0", "tcp4"},
		{"tcp", "[::1]:0", "tcp6"},
		{"tcp", ":0", "tcp6"},
	} {
		l, err := net.Listen(test.network, test.address)
		require.NoError(t, err)
		assert.Equal(t, test.want, sockopt.NetworkOf(l.Addr()), test.address)
		require.NoError(t, l.Close())
	}
	u, err := net.ListenPacket("udp", "[::1]:0")
	require.NoError(t, err)
	assert.Equal(t, "udp6", sockopt.NetworkOf(u.LocalAddr()))
	require.NoError(t, u.Close())
	assert.Equal(t, "ip4", sockopt.NetworkOf(&net.IPAddr{IP: net.IP{127, 0, 0, 1}}))
	assert.Equal(t, "unixgram", sockopt.NetworkOf(&net.UnixAddr{Name: "@x", Net: "unixgram"}))
}

// TestNetworkOfMappedConn: the conn of an IPv4 client of a dual-stack listener is an IPv6 socket.
func TestNetworkOfMappedConn(t *testing.T) {
	l, err := net.Listen("tcp", "[::]:0")
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	c, err := net.Dial("tcp4", "127.0.0.1:"+port)
	require.NoError(t, err)
	defer c.Close()
	s, err := l.Accept()
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, "tcp4", sockopt.NetworkOf(c.LocalAddr()))
	assert.Equal(t, "tcp6", sockopt.NetworkOf(s.LocalAddr()))
}
