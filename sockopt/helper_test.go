package sockopt_test

import (
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// loopback has the address to listen on for each network.
var loopback = map[string]string{
	"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0",
	"udp4": "127.0.0.1:0", "udp6": "[::1]:0",
}

// needIPv6 skips a test on a host without IPv6; CI has it.
func needIPv6(t *testing.T, network string) {
	t.Helper()
	if network[len(network)-1] != '6' {
		return
	}
	c, err := net.ListenPacket("udp6", loopback["udp6"])
	if err == nil {
		require.NoError(t, c.Close())
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("needs IPv6: %v", err)
	}
	t.Skipf("needs IPv6: %v", err)
}

// listenTCP opens a listener that is plain TCP, which package net's default is not on Linux.
func listenTCP(t *testing.T, network string) *net.TCPListener {
	t.Helper()
	needIPv6(t, network)
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(t.Context(), network, loopback[network])
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.(*net.TCPListener)
}

// tcpPair opens a connection and returns both ends.
func tcpPair(t *testing.T, network string) (client, server *net.TCPConn) {
	t.Helper()
	l := listenTCP(t, network)
	c, err := net.Dial(network, l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	s, err := l.AcceptTCP()
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return c.(*net.TCPConn), s
}

func listenUDP(t *testing.T, network string) *net.UDPConn {
	t.Helper()
	needIPv6(t, network)
	c, err := net.ListenPacket(network, loopback[network])
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.UDPConn)
}
