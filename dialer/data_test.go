package dialer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

// expect reads the text from the conn.
func expect(t *testing.T, c net.Conn, text string) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(eventually)))
	got := make([]byte, len(text))
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	assert.Equal(t, text, string(got))
	require.NoError(t, c.SetReadDeadline(time.Time{}))
}

func TestDialDataOnEveryKindOfConn(t *testing.T) {
	noLeak(t)
	ca := newAuthority(t)
	tcp, secure := listen(t, "tcp", "127.0.0.1:0"), listen(t, "tcp", "127.0.0.1:0")
	echo(t, tcp)
	echo(t, tls.NewListener(secure, ca.server(t, "127.0.0.1")))
	plain := newDialer(t, &dialer.Config{Timeout: eventually})
	for _, test := range []struct {
		name, address string
		dialer        dialer.Dialer
	}{
		{"tcp", tcp.Addr().String(), plain},
		{"tls", secure.Addr().String(), newDialer(t, &dialer.Config{TLS: ca.client()})},
		{"foreign", tcp.Addr().String(), new(net.Dialer)},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := dialer.DialData(t.Context(), test.dialer, "tcp", test.address, []byte("first"))
			require.NoError(t, err)
			defer c.Close()
			expect(t, c, "first")
			roundTrip(t, c) // no deadline stays behind
		})
	}
}

func TestDialDataOnUDPIsOneDatagram(t *testing.T) {
	noLeak(t)
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	c, err := dialer.DialData(t.Context(), newDialer(t, nil), "udp", server.LocalAddr().String(), []byte("first"))
	require.NoError(t, err)
	defer c.Close()
	buf := make([]byte, 16)
	n, _, err := server.ReadFrom(buf)
	require.NoError(t, err)
	assert.Equal(t, "first", string(buf[:n]))
}

func TestDialDataWithoutData(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	c, err := dialer.DialData(t.Context(), newDialer(t, nil), "tcp", l.Addr().String(), nil)
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}

func TestDialDataThatCannotDial(t *testing.T) {
	noLeak(t)
	address := refusing(t)
	for _, d := range []dialer.Dialer{newDialer(t, nil), new(net.Dialer)} {
		c, err := dialer.DialData(t.Context(), d, "tcp", address, []byte("first"))
		require.Error(t, err)
		assert.Nil(t, c)
		c, err = dialer.DialData(noContext, d, "tcp", address, nil)
		assert.EqualError(t, err, "dialer: dial tcp "+address+": the context is nil")
		assert.Nil(t, c)
	}
}

// pipeDialer dials an end of a net.Pipe, whose other end nobody reads.
type pipeDialer struct {
	*net.Dialer

	wrap func(net.Conn) net.Conn
}

func (p pipeDialer) DialContext(context.Context, string, string) (net.Conn, error) {
	c, _ := net.Pipe()
	return p.wrap(c), nil
}

// noDeadlines is a conn that cannot be interrupted but by Close.
type noDeadlines struct{ net.Conn }

func (noDeadlines) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

func TestDialDataEndsWithTheContext(t *testing.T) {
	noLeak(t)
	for name, wrap := range map[string]func(net.Conn) net.Conn{
		"deadlines":    func(c net.Conn) net.Conn { return c },
		"no deadlines": func(c net.Conn) net.Conn { return noDeadlines{c} },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			c, err := dialer.DialData(ctx, pipeDialer{wrap: wrap}, "tcp", "pipe", []byte("first"))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, "write", failure(t, err).Op)
			assert.Nil(t, c)
		})
	}
}

func TestDialDataReportsAFailedWrite(t *testing.T) {
	c, err := dialer.DialData(t.Context(), pipeDialer{wrap: func(c net.Conn) net.Conn {
		c.Close()
		return c
	}}, "tcp", "pipe", []byte("first"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
	assert.EqualError(t, err, "dialer: write tcp pipe: io: read/write on closed pipe")
	assert.Nil(t, c)
}

func TestFastOpenedWithoutASocket(t *testing.T) {
	c, _ := net.Pipe()
	_, err := dialer.FastOpened(c)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = dialer.FastOpened(tls.Client(c, &tls.Config{ServerName: "x"}))
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	u, err := net.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	defer u.Close()
	_, err = dialer.FastOpened(u)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}
