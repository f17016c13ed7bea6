package quicx_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

func TestStreamCloseDelivers(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	c := s.dial(t)
	data := bytes.Repeat([]byte("strata"), 200_000)
	got := make(chan []byte, 1)
	go func() {
		defer close(got)
		peer, err := s.listener.Accept()
		if !assert.NoError(t, err) {
			return
		}
		defer peer.Close()
		all, err := io.ReadAll(peer)
		assert.NoError(t, err)
		got <- all
	}()
	_, err := c.Write(data)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close(), "the second time")
	assert.True(t, bytes.Equal(data, <-got))
}

func TestStreamHalfClose(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	c, peer := s.pair(t)
	_, err := c.Write([]byte("question"))
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	require.NoError(t, c.CloseWrite())
	_, err = c.Write([]byte("more"))
	require.ErrorIs(t, err, quic.ErrStreamClosed)
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))

	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	assert.Equal(t, "question", string(got))
	_, err = peer.Write([]byte("answer"))
	require.NoError(t, err)
	require.NoError(t, peer.Close())
	got, err = io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "answer", string(got))
}

func TestStreamCloseRead(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{CloseCode: 77}, nil)
	c, peer := s.pair(t)
	require.NoError(t, c.CloseRead())
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	err = writeUntilError(t, peer)
	var reset *quic.StreamError
	require.ErrorAs(t, err, &reset)
	assert.Equal(t, quic.StreamErrorCode(77), reset.ErrorCode)
	assert.True(t, reset.Remote)
	require.Error(t, peer.CloseWrite(), "what was reset cannot be ended")

	_, err = c.Write([]byte("still"))
	require.NoError(t, err)
	_, err = io.ReadFull(peer, make([]byte, 5))
	require.NoError(t, err)
}

// writeUntilError returns the error that ends writing.
func writeUntilError(t *testing.T, c net.Conn) error {
	t.Helper()
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(time.Minute)))
	for {
		if _, err := c.Write(make([]byte, 1024)); err != nil {
			return err
		}
	}
}

func TestStreamErrors(t *testing.T) {
	read := func(_ *testing.T, c *quicx.StreamConn) error {
		_, err := c.Read(make([]byte, 1))
		return err
	}
	for _, test := range []struct {
		name    string
		ends    func(t *testing.T, c, peer *quicx.StreamConn)
		fails   func(t *testing.T, c *quicx.StreamConn) error
		target  any // an error, or a pointer to one
		timeout bool
	}{
		{"read after Close", func(_ *testing.T, c, _ *quicx.StreamConn) { c.Close() }, read, net.ErrClosed, false},
		{"write after Close", func(_ *testing.T, c, _ *quicx.StreamConn) { c.Close() }, func(_ *testing.T, c *quicx.StreamConn) error {
			_, err := c.Write([]byte{1})
			return err
		}, net.ErrClosed, false},
		{"deadline after Close", func(_ *testing.T, c, _ *quicx.StreamConn) { c.Close() }, func(_ *testing.T, c *quicx.StreamConn) error {
			return c.SetDeadline(time.Time{})
		}, net.ErrClosed, false},
		{"CloseWrite after Close", func(_ *testing.T, c, _ *quicx.StreamConn) { c.Close() }, func(_ *testing.T, c *quicx.StreamConn) error {
			return c.CloseWrite()
		}, net.ErrClosed, false},
		{"CloseRead after Close", func(_ *testing.T, c, _ *quicx.StreamConn) { c.Close() }, func(_ *testing.T, c *quicx.StreamConn) error {
			return c.CloseRead()
		}, net.ErrClosed, false},
		{"the peer closes", func(_ *testing.T, _, peer *quicx.StreamConn) { peer.Close() }, read, io.EOF, false},
		{"the peer has closed", func(_ *testing.T, _, peer *quicx.StreamConn) { peer.Close() }, func(t *testing.T, c *quicx.StreamConn) error {
			return writeUntilError(t, c)
		}, new(*quic.StreamError), false},
		{"reset", func(_ *testing.T, _, peer *quicx.StreamConn) { peer.Stream().CancelWrite(3) }, read, new(*quic.StreamError), false},
		{"read deadline", func(_ *testing.T, c, _ *quicx.StreamConn) { c.SetReadDeadline(time.Now()) }, read, os.ErrDeadlineExceeded, true},
		{"write deadline", func(_ *testing.T, c, _ *quicx.StreamConn) { c.SetWriteDeadline(time.Now()) }, func(_ *testing.T, c *quicx.StreamConn) error {
			_, err := c.Write([]byte{1})
			return err
		}, os.ErrDeadlineExceeded, true},
		{"the conn is closed", func(_ *testing.T, _, peer *quicx.StreamConn) { peer.Conn().CloseWithError(9, "bye") }, read, new(*quic.ApplicationError), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			s := newStreams(t, nil, nil)
			c, peer := s.pair(t)
			test.ends(t, c, peer)
			err := test.fails(t, c)
			if target, ok := test.target.(error); ok {
				require.ErrorIs(t, err, target)
			} else {
				require.ErrorAs(t, err, test.target)
			}
			if errors.Is(err, io.EOF) {
				return
			}
			var e *quicx.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, c.RemoteAddr().String(), e.Address)
			assert.Equal(t, test.timeout, e.Timeout())
		})
	}
}

func TestStreamIdleTimeout(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	// quic-go takes no less than 5 s from a peer.
	s.config = &quic.Config{MaxIdleTimeout: 3 * time.Second}
	c, _ := s.pair(t)
	_, err := c.Read(make([]byte, 1))
	var idle *quic.IdleTimeoutError
	require.ErrorAs(t, err, &idle)
	var e net.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
}

// Close and CloseWrite end a Write that the peer's flow control holds up.
func TestStreamWakesWriter(t *testing.T) {
	for _, test := range []struct {
		name   string
		end    func(*quicx.StreamConn) error
		target error
	}{
		{"Close", (*quicx.StreamConn).Close, net.ErrClosed},
		{"CloseWrite", (*quicx.StreamConn).CloseWrite, quic.ErrStreamClosed},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			s := newStreams(t, nil, nil)
			c, peer := s.pair(t)
			n, fails := 0, make(chan error)
			go func() {
				var err error
				n, err = c.Write(make([]byte, 64<<20))
				fails <- err
			}()
			// What has arrived shows that the write is on its way.
			_, err := io.ReadFull(peer, make([]byte, 100_000))
			require.NoError(t, err)
			require.NoError(t, test.end(c))
			require.ErrorIs(t, <-fails, test.target)
			rest, err := io.Copy(io.Discard, peer)
			require.NoError(t, err)
			assert.Equal(t, n, 100_000+int(rest), "what Write took arrives")
		})
	}
}

func TestStreamServerSpeaksFirst(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Announce: true}, nil)
	c := s.dial(t)
	peer := s.accept(t)
	_, err := peer.Write([]byte("welcome"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 7))
	require.NoError(t, err)

	require.NoError(t, peer.SetReadDeadline(time.Now()))
	_, err = peer.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "while the announcement is unread")
	require.NoError(t, peer.SetReadDeadline(time.Time{}))
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
}

func TestStreamNotAnnounced(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Announce: true}, nil)
	d, err := quicx.NewStreamDialer(s, nil)
	require.NoError(t, err)
	defer d.Close()
	c, err := d.DialContext(t.Context(), "udp", s.listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	peer := s.accept(t)
	for range 2 {
		_, err = peer.Read(make([]byte, 8))
		require.ErrorContains(t, err, "StreamConfig.Announce")
	}
	var reset *quic.StreamError
	_, err = c.Read(make([]byte, 1))
	require.ErrorAs(t, err, &reset, "the dialer is told")
}

// A stream that ends without the announcement ends.
func TestStreamAnnouncedEnd(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Announce: true}, nil)
	d, err := quicx.NewStreamDialer(s, nil)
	require.NoError(t, err)
	defer d.Close()
	c, err := d.DialContext(t.Context(), "udp", s.listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, c.Close())
	_, err = s.accept(t).Read(make([]byte, 8))
	require.ErrorIs(t, err, io.EOF)
}

func TestStreamAddr(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	c, peer := s.pair(t)
	assert.Equal(t, s.listener.Addr().String(), c.RemoteAddr().String())
	assert.Equal(t, c.LocalAddr().String(), peer.RemoteAddr().String())
	assert.Equal(t, c.Stream().StreamID(), peer.Stream().StreamID())
}
