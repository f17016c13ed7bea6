package xquic_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	quicgo "github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/quic"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/tlsx/pki"
)

func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	cert := issue(t, &pki.Leaf{Names: []string{"127.0.0.1", "::1", "localhost"}})
	return &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, NextProtos: []string{"echo"}}
}

func clientTLS(protos ...string) *tls.Config {
	return &tls.Config{RootCAs: authority().Pool(), NextProtos: protos}
}

// listen returns a listener that is closed when the test ends.
func listen(t *testing.T, cfg *xquic.ListenConfig) *xquic.Listener {
	t.Helper()
	cfg.TLS = serverTLS(t)
	if cfg.Address == "" {
		cfg.Address = "127.0.0.1:0"
	}
	l, err := xquic.NewListener(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close(soon(t)) })
	return l
}

// dialer returns a client that is closed when the test ends.
func dialer(t *testing.T, cfg *xquic.DialConfig) *xquic.Client {
	t.Helper()
	if cfg.TLS == nil {
		cfg.TLS = clientTLS("echo")
	}
	d, err := xquic.NewDialer(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close(soon(t)) })
	return d
}

// soon is a context for closing, which waits for peers that may be gone.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 100*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// bareServer is quic-go listening.
func bareServer(t *testing.T, tr *quicgo.Transport) *quicgo.Listener {
	t.Helper()
	tr.Conn = bareSocket(t)
	l, err := tr.Listen(serverTLS(t), nil)
	require.NoError(t, err)
	t.Cleanup(func() { tr.Close() })
	return l
}

func bareSocket(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// bareDial dials with quic-go.
func bareDial(t *testing.T, l *xquic.Listener, config *tls.Config) (*quicgo.Conn, error) {
	t.Helper()
	tr := &quicgo.Transport{Conn: bareSocket(t)}
	t.Cleanup(func() { tr.Close() })
	return tr.Dial(t.Context(), net.UDPAddrFromAddrPort(l.LocalAddr()), config, nil)
}

var payload = bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB

// stream is what both libraries have.
type stream interface {
	io.ReadWriter
	CloseWrite() error
}

// goStream gives a stream of quic-go the name of the method in x/net.
type goStream struct{ *quicgo.Stream }

func (s goStream) CloseWrite() error { return s.Close() }

// exchange sends 1 MiB and wants it back.
func exchange(t *testing.T, s stream) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		_, err := s.Write(payload)
		sent <- errors.Join(err, s.CloseWrite())
	}()
	got, err := io.ReadAll(s)
	require.NoError(t, err)
	require.NoError(t, <-sent)
	assert.True(t, bytes.Equal(payload, got))
}

// echo sends back what it reads.
func echo(t *testing.T, s stream) {
	t.Helper()
	_, err := io.Copy(s, s)
	assert.NoError(t, err)
	assert.NoError(t, s.CloseWrite())
}

func TestDialQUICGo(t *testing.T) {
	for _, retry := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "retry"}[retry], func(t *testing.T) {
			noLeak(t)
			var asked atomic.Bool
			l := bareServer(t, &quicgo.Transport{VerifySourceAddress: func(net.Addr) bool {
				asked.Store(true)
				return retry
			}})
			d := dialer(t, &xquic.DialConfig{LocalAddr: "127.0.0.1:0"})
			c, err := d.DialContext(t.Context(), "udp", l.Addr().String())
			require.NoError(t, err)
			assert.True(t, asked.Load())
			assert.Equal(t, "echo", c.ConnectionState().NegotiatedProtocol)
			peer, err := l.Accept(t.Context())
			require.NoError(t, err)

			out, err := c.NewStream(t.Context())
			require.NoError(t, err)
			accepted := make(chan struct{})
			go func() {
				defer close(accepted)
				in, err := peer.AcceptStream(context.Background())
				if assert.NoError(t, err) {
					echo(t, goStream{in})
				}
			}()
			exchange(t, out)
			<-accepted

			back, err := peer.OpenStream()
			require.NoError(t, err)
			go func() {
				in, err := c.AcceptStream(context.Background())
				if assert.NoError(t, err) {
					echo(t, in)
				}
			}()
			exchange(t, goStream{back})

			require.NoError(t, peer.CloseWithError(42, "enough"))
			var closed *quic.ConnectionCloseError
			require.ErrorAs(t, c.Wait(t.Context()), &closed)
			assert.EqualValues(t, 42, closed.Code)
			assert.Equal(t, "enough", closed.Reason)
		})
	}
}

func TestListenQUICGo(t *testing.T) {
	for _, retry := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "retry"}[retry], func(t *testing.T) {
			noLeak(t)
			l := listen(t, &xquic.ListenConfig{QUIC: &quic.Config{RequireAddressValidation: retry}})
			c, err := bareDial(t, l, clientTLS("echo"))
			require.NoError(t, err)
			peer, err := l.Accept(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.LocalAddr().String(), peer.RemoteAddr().String())

			out, err := c.OpenStream()
			require.NoError(t, err)
			accepted := make(chan struct{})
			go func() {
				defer close(accepted)
				in, err := peer.AcceptStream(context.Background())
				if assert.NoError(t, err) {
					echo(t, in)
				}
			}()
			exchange(t, goStream{out})
			<-accepted

			back, err := peer.NewStream(t.Context())
			require.NoError(t, err)
			go func() {
				in, err := c.AcceptStream(context.Background())
				if assert.NoError(t, err) {
					echo(t, goStream{in})
				}
			}()
			exchange(t, back)

			peer.Abort(&quic.ConnectionCloseError{Code: 7, Reason: "done"})
			<-c.Context().Done()
			var closed *quicgo.ApplicationError
			require.ErrorAs(t, context.Cause(c.Context()), &closed)
			assert.EqualValues(t, 7, closed.ErrorCode)
			assert.Equal(t, "done", closed.ErrorMessage)
		})
	}
}

// Both sides say that no protocol is common.
func TestInteropALPN(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	_, err := bareDial(t, l, clientTLS("other"))
	var refused *quicgo.TransportError
	require.ErrorAs(t, err, &refused)
	assert.EqualValues(t, 0x178, refused.ErrorCode) // no_application_protocol

	bare := bareServer(t, &quicgo.Transport{})
	d := dialer(t, &xquic.DialConfig{TLS: clientTLS("other")})
	_, err = d.DialContext(t.Context(), "udp", bare.Addr().String())
	var e *xquic.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, err.Error(), "CRYPTO_ERROR(120)") // the same alert; its type is not exported
}

// x/net/quic has no datagrams, and says so to the peer.
func TestInteropNoDatagrams(t *testing.T) {
	noLeak(t)
	l := listen(t, &xquic.ListenConfig{})
	tr := &quicgo.Transport{Conn: bareSocket(t)}
	t.Cleanup(func() { tr.Close() })
	c, err := tr.Dial(t.Context(), net.UDPAddrFromAddrPort(l.LocalAddr()), clientTLS("echo"), &quicgo.Config{EnableDatagrams: true})
	require.NoError(t, err)
	assert.False(t, c.ConnectionState().SupportsDatagrams.Remote)
}

// deaf is a socket that, once told so, loses what arrives up to a datagram that
// says "hear".
type deaf struct {
	net.PacketConn
	on atomic.Bool
}

func (d *deaf) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.PacketConn.ReadFrom(b)
		if err != nil || !d.on.Load() {
			return n, from, err
		}
		if string(b[:n]) == "hear" {
			d.on.Store(false)
		}
	}
}

// A listener with the key of an earlier one on its address resets the conns of
// that one.
func TestInteropStatelessReset(t *testing.T) {
	noLeak(t)
	cfg := &xquic.ListenConfig{Address: quietAddr(t), QUIC: &quic.Config{StatelessResetKey: [32]byte{1, 2, 3}}}
	l := listen(t, cfg)
	socket := &deaf{PacketConn: bareSocket(t)}
	tr := &quicgo.Transport{Conn: socket}
	t.Cleanup(func() { tr.Close() })
	c, err := tr.Dial(t.Context(), net.UDPAddrFromAddrPort(l.LocalAddr()), clientTLS("echo"), nil)
	require.NoError(t, err)
	// The first connection ID has no token in x/net/quic. Others are sent before what a stream has.
	there, err := l.Accept(t.Context())
	require.NoError(t, err)
	hello, err := there.NewSendOnlyStream(t.Context())
	require.NoError(t, err)
	_, err = hello.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, hello.Flush())
	heard, err := c.AcceptUniStream(t.Context())
	require.NoError(t, err)
	_, err = io.ReadFull(heard, make([]byte, 5))
	require.NoError(t, err)
	socket.on.Store(true)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Close(ended), context.Canceled)
	_, err = bareSocket(t).WriteTo([]byte("hear"), socket.LocalAddr()) // behind all that the listener has sent
	require.NoError(t, err)
	eventually(t, "the client hears again", func() bool { return !socket.on.Load() })
	require.NoError(t, c.Context().Err(), "the client was not told")

	listen(t, cfg)
	s, err := c.OpenStream()
	require.NoError(t, err)
	_, err = s.Write(make([]byte, 1000))
	require.NoError(t, err)
	<-c.Context().Done()
	// testify cannot print the errors of quic-go that it may be instead.
	_, ok := errors.AsType[*quicgo.StatelessResetError](context.Cause(c.Context()))
	require.True(t, ok, "%v", context.Cause(c.Context()))
}
