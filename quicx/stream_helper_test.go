package quicx_test

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

// bareTLS returns the configs of a server and of a client of it.
func bareTLS(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	cert := issue(t, &pki.Leaf{Names: []string{"127.0.0.1"}})
	server = &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, NextProtos: []string{"strata"}}
	client = &tls.Config{RootCAs: authority().Pool(), NextProtos: []string{"strata"}}
	return server, client
}

// bare is a dialer and an accepter of bare quic-go, on one socket each.
type bare struct {
	*quic.Listener
	client *quic.Transport
	tls    *tls.Config
	config *quic.Config
	dials  atomic.Int32
	gate   atomic.Pointer[chan struct{}] // dials wait for it to be closed, unless it is nil
}

// newBare returns one whose sockets are closed when the test has ended.
func newBare(t testing.TB, server, client *quic.Config) *bare {
	t.Helper()
	serverTLS, clientTLS := bareTLS(t)
	b := &bare{client: bareTransport(t), tls: clientTLS, config: client}
	l, err := bareTransport(t).Listen(serverTLS, server)
	require.NoError(t, err)
	b.Listener = l
	return b
}

func bareTransport(t testing.TB) *quic.Transport {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	tr := &quic.Transport{Conn: conn}
	t.Cleanup(func() { tr.Close(); conn.Close() })
	return tr
}

func (b *bare) Dial(network, address string) (*quic.Conn, error) {
	return b.DialContext(context.Background(), network, address)
}

func (b *bare) DialContext(ctx context.Context, network, address string) (*quic.Conn, error) {
	b.dials.Add(1)
	if gate := b.gate.Load(); gate != nil {
		select {
		case <-*gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	a, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		return nil, err
	}
	return b.client.Dial(ctx, a, b.tls, b.config)
}

// hold makes dials wait until the channel is closed.
func (b *bare) hold() chan struct{} {
	gate := make(chan struct{})
	b.gate.Store(&gate)
	return gate
}

// streams is a dialer and a listener of streams over a bare.
type streams struct {
	*bare
	dialer   *quicx.StreamDialer
	listener *quicx.StreamListener
}

// newStreams returns one with the same config on both sides.
func newStreams(t *testing.T, cfg *quicx.StreamConfig, server *quic.Config) *streams {
	t.Helper()
	b := newBare(t, server, nil)
	l, err := quicx.NewStreamListener(b, cfg)
	require.NoError(t, err)
	d, err := quicx.NewStreamDialer(b, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, d.Close())
		require.NoError(t, l.Close())
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // then it cuts
		defer cancel()
		_ = l.(*quicx.StreamListener).Shutdown(ctx)
	})
	return &streams{bare: b, dialer: d, listener: l.(*quicx.StreamListener)}
}

// dial opens a stream, which has to be possible.
func (s *streams) dial(t *testing.T) *quicx.StreamConn {
	t.Helper()
	c, err := s.dialer.DialContext(t.Context(), "udp", s.listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*quicx.StreamConn)
}

// accept returns the next stream.
func (s *streams) accept(t *testing.T) *quicx.StreamConn {
	t.Helper()
	c, err := s.listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*quicx.StreamConn)
}

// pair returns both ends of a stream, after a byte that makes it visible.
func (s *streams) pair(t *testing.T) (c1, c2 *quicx.StreamConn) {
	t.Helper()
	c1 = s.dial(t)
	_, err := c1.Write([]byte{1})
	require.NoError(t, err)
	c2 = s.accept(t)
	_, err = c2.Read(make([]byte, 1))
	require.NoError(t, err)
	return c1, c2
}
