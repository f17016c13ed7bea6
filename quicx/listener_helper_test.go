package quicx_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

// echoALPN is the protocol of the tests.
const echoALPN = "echo"

// serverTLS is for listeners at localhost.
func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	c := issue(t, &pki.Leaf{Names: []string{"localhost", "127.0.0.1", "::1"}})
	return &tls.Config{Certificates: []tls.Certificate{c.TLS()}, NextProtos: []string{echoALPN}}
}

// clientTLS trusts them.
func clientTLS() *tls.Config {
	return &tls.Config{RootCAs: authority().Pool(), ServerName: "localhost", NextProtos: []string{echoALPN}}
}

// listen opens a listener, for which it fills in what is missing, and closes it
// when the test has ended.
func listen(t *testing.T, cfg *quicx.ListenConfig) *quicx.Listener {
	t.Helper()
	if cfg == nil {
		cfg = &quicx.ListenConfig{}
	}
	if cfg.Address == "" && cfg.Conn == nil {
		cfg.Address = "127.0.0.1:0"
	}
	if cfg.TLS == nil {
		cfg.TLS = serverTLS(t)
	}
	l, err := quicx.NewListener(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // now
		_ = l.Shutdown(ctx)
	})
	return l
}

// client is a bare quic-go client with a socket of its own.
type client struct {
	transport *quic.Transport
	tls       *tls.Config
	quic      *quic.Config
}

// newClient opens a socket at an address.
func newClient(t *testing.T, local string) *client {
	t.Helper()
	a, err := net.ResolveUDPAddr("udp", local)
	require.NoError(t, err)
	conn, err := net.ListenUDP("udp", a)
	require.NoError(t, err)
	c := &client{transport: &quic.Transport{Conn: conn}, tls: clientTLS(), quic: &quic.Config{}}
	t.Cleanup(func() {
		c.transport.Close()
		conn.Close()
	})
	return c
}

// sources skips a test that needs clients with several addresses.
func sources(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("under wine all packets on loopback come from 127.0.0.1, whatever their socket is bound to")
	}
}

// dial connects within a minute.
func (c *client) dial(t *testing.T, to net.Addr) (*quic.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return c.transport.Dial(ctx, to, c.tls, c.quic)
}

// connect dials and has to succeed.
func (c *client) connect(t *testing.T, to net.Addr) *quic.Conn {
	t.Helper()
	conn, err := c.dial(t, to)
	require.NoError(t, err)
	t.Cleanup(func() { conn.CloseWithError(0, "") })
	return conn
}

// accept takes a conn within a minute.
func accept(t *testing.T, l *quicx.Listener) *quic.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := l.Accept(ctx)
	require.NoError(t, err)
	return conn
}

// pair makes both ends of a conn.
func pair(t *testing.T, l *quicx.Listener, c *client) (server, peer *quic.Conn) {
	t.Helper()
	peer = c.connect(t, l.Addr())
	return accept(t, l), peer
}

// serve echoes the streams of all conns until the listener is closed.
func serve(t *testing.T, l *quicx.Listener) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			go func() {
				for {
					s, err := c.AcceptStream(context.Background())
					if err != nil {
						return
					}
					go func() {
						_, _ = io.Copy(s, s)
						s.Close()
					}()
				}
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
}

// echo sends a text and wants it back.
func echo(t *testing.T, c *quic.Conn, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := c.OpenStreamSync(ctx)
	require.NoError(t, err)
	require.NoError(t, s.SetDeadline(time.Now().Add(time.Minute)))
	_, err = s.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	back, err := io.ReadAll(s)
	require.NoError(t, err)
	require.Equal(t, text, string(back))
}

// refused requires that the server has said no to the handshake.
func refused(t *testing.T, err error) {
	t.Helper()
	var e *quic.TransportError
	require.ErrorAs(t, err, &e)
	require.Equal(t, quic.ConnectionRefused, e.ErrorCode)
	require.True(t, e.Remote)
}

// reachable replaces all addresses of the machine by that of the client.
func reachable(a net.Addr, local string) net.Addr {
	to := *a.(*net.UDPAddr) //nolint:forcetypeassert // of a listener
	if to.IP.IsUnspecified() {
		host, _, _ := net.SplitHostPort(local)
		to.IP = net.ParseIP(host)
	}
	return &to
}
