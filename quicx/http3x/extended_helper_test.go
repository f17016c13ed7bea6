package http3x_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// serveExtended runs a server of HTTP/3 on loopback and returns its URL.
func serveExtended(t *testing.T, h http.Handler) string {
	t.Helper()
	cert := issue(t, &pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &http3.Server{
		Handler: h, EnableDatagrams: true, QUICConfig: &quic.Config{EnableDatagrams: true},
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{cert.TLS()}}),
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(conn) }()
	t.Cleanup(func() {
		assert.NoError(t, s.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
		assert.NoError(t, conn.Close())
	})
	return "https://" + conn.LocalAddr().String()
}

// newTransport returns a transport whose conns have a socket each.
func newTransport(t *testing.T) *http3.Transport {
	t.Helper()
	tr := &http3.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority().Pool()}, EnableDatagrams: true,
		Dial: quic.DialAddrEarly,
	}
	t.Cleanup(func() { assert.NoError(t, tr.Close()) })
	return tr
}

// newExtendedDialer returns a dialer that the test closes.
func newExtendedDialer(t *testing.T, idle time.Duration) *http3x.ExtendedDialer {
	t.Helper()
	d, err := http3x.NewExtendedDialer(newTransport(t), idle)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

// extendedRequest is one that has to be possible.
func extendedRequest(ctx context.Context, t *testing.T, protocol, target string) *http.Request {
	t.Helper()
	r, err := http3x.NewExtendedRequest(ctx, protocol, target)
	require.NoError(t, err)
	return r
}

// frame is a WebSocket frame (RFC 6455, section 5.2) of one fragment.
func frame(opcode byte, masked bool, payload []byte) []byte {
	b := []byte{0x80 | opcode, 0}
	switch n := len(payload); {
	case n < 126:
		b[1] = byte(n)
	case n < 1<<16:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	if !masked {
		return append(b, payload...)
	}
	b[1] |= 0x80
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i%4])
	}
	return b
}

// readFrame reads one, and says whether it was masked.
func readFrame(r io.Reader) (opcode byte, masked bool, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, false, nil, err
	}
	n := uint64(head[1] & 0x7f)
	if n > 125 {
		wide := make([]byte, 2+6*(n-126))
		if _, err := io.ReadFull(r, wide); err != nil {
			return 0, false, nil, err
		}
		n = binary.BigEndian.Uint64(append(make([]byte, 8-len(wide)), wide...))
	}
	if n > 1<<20 {
		return 0, false, nil, errors.New("frame is too long")
	}
	var key [4]byte
	if masked = head[1]&0x80 != 0; masked {
		if _, err := io.ReadFull(r, key[:]); err != nil {
			return 0, false, nil, err
		}
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return head[0] & 0x0f, masked, payload, err
}

type (
	tlsConfig  = tls.Config
	quicConfig = quic.Config
	quicConn   = quic.Conn
)

// serveControl accepts QUIC conns, and sends some bytes on the control stream of
// HTTP/3, if there are any.
func serveControl(t *testing.T, control []byte) string {
	t.Helper()
	cert := issue(t, &pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	l, err := quic.ListenAddr("127.0.0.1:0", http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{cert.TLS()}}), nil)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept(t.Context())
		if err != nil {
			return
		}
		if control != nil {
			s, err := c.OpenUniStream()
			assert.NoError(t, err)
			s.Write(control)
		}
		<-c.Context().Done()
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return "https://" + l.Addr().String()
}
