package quicx_test

import (
	"crypto/tls"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/ipv4"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

// proto is the protocol of the tests.
const proto = "strata-test"

// trusting trusts the authority of the tests.
func trusting() *tls.Config {
	return &tls.Config{RootCAs: authority().Pool(), NextProtos: []string{proto}}
}

// certified has a certificate for the names and addresses of the tests.
func certified(t *testing.T) *tls.Config {
	t.Helper()
	c := issue(t, &pki.Leaf{Names: []string{"localhost", "name.test", "public.test", "127.0.0.1", "127.0.0.2", "::1"}})
	return &tls.Config{Certificates: []tls.Certificate{c.TLS()}, NextProtos: []string{proto}}
}

// dialer makes a Client that is closed at the end of the test. Without TLS it has that of the tests.
func dialer(t *testing.T, cfg *quicx.DialConfig) *quicx.Client {
	t.Helper()
	if cfg.TLS == nil {
		cfg.TLS = trusting()
	}
	c, err := quicx.NewDialer(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// A server is one of quic-go itself.
type server struct {
	listener *quic.EarlyListener
	conns    chan *quic.Conn // those accepted
	wait     sync.WaitGroup
	stop     func() // ends it at once, without a word
	deaf     atomic.Bool
}

// addr is where it listens.
func (s *server) addr() string { return s.listener.Addr().String() }

// startServer starts a server that sends back what comes on each stream. Its conns end with the test.
func startServer(t *testing.T, address string, config *quic.Config) *server {
	t.Helper()
	return startServerTLS(t, address, certified(t), config)
}

func startServerTLS(t *testing.T, address string, tlsConfig *tls.Config, config *quic.Config) *server {
	t.Helper()
	a, err := net.ResolveUDPAddr("udp", address)
	require.NoError(t, err)
	udp, err := net.ListenUDP("udp", a)
	require.NoError(t, err)
	s := &server{conns: make(chan *quic.Conn, 1000)}
	tr := &quic.Transport{Conn: &deaf{udp, &s.deaf}}
	l, err := tr.ListenEarly(tlsConfig, config)
	require.NoError(t, err)
	s.listener = l
	s.wait.Go(func() { s.accept(t) })
	s.stop = func() {
		l.Close()
		tr.Close()
		udp.Close()
		s.wait.Wait()
	}
	t.Cleanup(s.stop)
	return s
}

func (s *server) accept(t *testing.T) {
	for {
		conn, err := s.listener.Accept(t.Context())
		if err != nil {
			return
		}
		s.conns <- conn
		s.wait.Go(func() {
			for {
				stream, err := conn.AcceptStream(conn.Context())
				if err != nil {
					return
				}
				s.wait.Go(func() {
					io.Copy(stream, stream)
					stream.Close()
				})
			}
		})
	}
}

// end closes a conn.
func end(conn *quic.Conn) { conn.CloseWithError(0, "") }

// deaf is a socket that reads nothing as long as it is told so. What was sent to it meanwhile is lost.
type deaf struct {
	*net.UDPConn
	on *atomic.Bool
}

// ReadBatch is what quic-go calls.
func (d *deaf) ReadBatch(ms []ipv4.Message, flags int) (int, error) {
	for {
		n, err := ipv4.NewPacketConn(d.UDPConn).ReadBatch(ms, flags)
		if err != nil || !d.on.Load() {
			return n, err
		}
	}
}

// ReadFrom is what quic-go calls where there are no batches.
func (d *deaf) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, a, err := d.UDPConn.ReadFrom(b)
		if err != nil || !d.on.Load() {
			return n, a, err
		}
	}
}
