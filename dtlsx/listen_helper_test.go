package dtlsx_test

import (
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

// listenTLS is the config of a server that the tests' clients trust.
func listenTLS(t testing.TB) *tls.Config {
	t.Helper()
	c, err := authority().Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1", "::1"}})
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{c.TLS()}, MinVersion: tls.VersionTLS12}
}

// listen opens a listener on loopback, which the end of the test closes.
func listen(t testing.TB, c dtlsx.ListenConfig) *dtlsx.Listener {
	t.Helper()
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if c.TLS == nil && c.PSK == nil {
		c.TLS = listenTLS(t)
	}
	l, err := dtlsx.NewListener(t.Context(), &c)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.(*dtlsx.Listener)
}

// peerOf makes a socket and a conn of the library on it, which has not shaken
// hands.
func peerOf(t testing.TB, l net.Listener, more ...dtls.ClientOption) *dtls.Conn {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	return peerOn(t, socket, l, more...)
}

func peerOn(t testing.TB, socket net.PacketConn, l net.Listener, more ...dtls.ClientOption) *dtls.Conn {
	t.Helper()
	options := append([]dtls.ClientOption{
		dtls.WithRootCAs(authority().Pool()), dtls.WithServerName("localhost"),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
	}, more...)
	to := *l.Addr().(*net.UDPAddr)
	if to.IP.IsUnspecified() {
		to.IP = net.IPv4(127, 0, 0, 1)
	}
	c, err := dtls.ClientWithOptions(socket, &to, options...)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(); socket.Close() })
	return c
}

// connect returns a client and its conn.
func connect(t testing.TB, l net.Listener, more ...dtls.ClientOption) (*dtls.Conn, *dtlsx.Conn) {
	t.Helper()
	c := peerOf(t, l, more...)
	require.NoError(t, c.HandshakeContext(t.Context()))
	return c, accept(t, l)
}

// accept returns the next conn, which the end of the test closes.
func accept(t testing.TB, l net.Listener) *dtlsx.Conn {
	t.Helper()
	c, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*dtlsx.Conn)
}

// once is a client that sends each flight once: where the answers are counted, none is lost and the machine is slow.
func once() dtls.ClientOption { return dtls.WithFlightInterval(time.Minute) }

// handled waits until the listener has done with so many datagrams: one goroutine takes them, and counts each before it
// looks at it.
func handled(t *testing.T, l *dtlsx.Listener, n int64) {
	t.Helper()
	eventually(t, "received", func() bool { return l.Stats().Received >= n })
	_, err := raw(t, "127.0.0.1", l).Write(nil)
	require.NoError(t, err)
	eventually(t, "received the last", func() bool { return l.Stats().Received > n })
}

// talk sends a text one way and back.
func talk(t testing.TB, client, server net.Conn, text string) {
	t.Helper()
	say(t, client, text)
	require.Equal(t, text, hear(t, server))
	say(t, server, text)
	require.Equal(t, text, hear(t, client))
}

func say(t testing.TB, c net.Conn, text string) {
	t.Helper()
	_, err := c.Write([]byte(text))
	require.NoError(t, err)
}

func hear(t testing.TB, c net.Conn) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	b := make([]byte, 8192)
	n, err := c.Read(b)
	require.NoError(t, err)
	return string(b[:n])
}

// raw is a UDP socket of an address on loopback.
func raw(t testing.TB, ip string, l net.Listener) *net.UDPConn {
	t.Helper()
	local := &net.UDPAddr{IP: net.ParseIP(ip)}
	c, err := net.DialUDP("udp", local, l.Addr().(*net.UDPAddr))
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}
