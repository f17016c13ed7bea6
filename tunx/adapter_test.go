package tunx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
)

// dialerFunc is a dialer that is a function.
type dialerFunc func(network, address string) (net.Conn, error)

func (f dialerFunc) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	return f(network, address)
}

func TestStreamDialerFrom(t *testing.T) {
	noLeak(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			accepted <- c
		}
	}()
	c, err := tunx.StreamDialerFrom(&net.Dialer{}).DialStream(t.Context(), l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	assert.IsType(t, &net.TCPConn{}, c, "as it is")
	peer := <-accepted
	defer peer.Close()
	require.NoError(t, c.CloseWrite())
	_, err = peer.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	_, err = peer.Write([]byte("still"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 5))
	require.NoError(t, err)

	broken := errors.New("broken")
	_, err = tunx.StreamDialerFrom(dialerFunc(func(network, address string) (net.Conn, error) {
		assert.Equal(t, "tcp a:1", network+" "+address)
		return nil, broken
	})).DialStream(t.Context(), "a:1")
	assert.ErrorIs(t, err, broken)
}

// half is a conn with CloseRead and CloseWrite of its own.
type half struct {
	net.Conn

	calls []string
}

func (h *half) CloseWrite() error { h.calls = append(h.calls, "write"); return nil }

type halfRead struct{ *half }

func (h halfRead) CloseRead() error { h.calls = append(h.calls, "read"); return nil }

// noWrite hides that a conn has CloseWrite.
type noWrite struct {
	net.Conn
	h halfRead
}

func (n noWrite) CloseRead() error { return n.h.CloseRead() }

// What a conn lacks of a StreamConn is added, or said to be missing.
func TestStreamConn(t *testing.T) {
	noLeak(t)
	dial := func(c net.Conn) tunx.StreamConn {
		s, err := tunx.StreamDialerFrom(dialerFunc(func(string, string) (net.Conn, error) { return c, nil })).DialStream(t.Context(), "")
		require.NoError(t, err)
		return s
	}
	one, two := net.Pipe()
	defer two.Close()
	c := dial(one)
	assert.Equal(t, one, c.(interface{ NetConn() net.Conn }).NetConn())
	require.ErrorIs(t, c.CloseWrite(), errors.ErrUnsupported)
	go two.Write([]byte("x"))
	_, err := io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err)
	read := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Hour)))
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	require.NoError(t, c.CloseRead())
	require.Equal(t, io.EOF, <-read)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	_, err = c.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	go io.ReadFull(two, make([]byte, 1))
	_, err = c.Write([]byte("x"))
	require.NoError(t, err, "the other direction goes on")
	require.NoError(t, c.Close())

	h := &half{Conn: one}
	require.NoError(t, dial(h).CloseWrite())
	require.NoError(t, dial(noWrite{one, halfRead{h}}).CloseRead())
	assert.Equal(t, []string{"write", "read"}, h.calls)
}

// A deadline that is set while CloseRead is called does not undo it.
func TestStreamConnRace(t *testing.T) {
	for range 100 {
		one, two := net.Pipe()
		c, err := tunx.StreamDialerFrom(dialerFunc(func(string, string) (net.Conn, error) { return one, nil })).DialStream(t.Context(), "")
		require.NoError(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.SetReadDeadline(time.Time{})
		}()
		require.NoError(t, c.CloseRead())
		<-done
		_, err = c.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		two.Close()
		c.Close()
	}
}

func TestPacketListenerFrom(t *testing.T) {
	pc, err := tunx.PacketListenerFrom(&net.ListenConfig{}, "udp4", "127.0.0.1:0").ListenPacket(t.Context())
	require.NoError(t, err)
	defer pc.Close()
	assert.True(t, pc.LocalAddr().(*net.UDPAddr).IP.IsLoopback())
	_, err = tunx.PacketListenerFrom(&net.ListenConfig{}, "udp4", pc.LocalAddr().String()).ListenPacket(t.Context())
	assert.Error(t, err, "the port is in use")
}

func TestDelegate(t *testing.T) {
	_, err := tunx.NewDelegatePacketProxy(nil)
	require.EqualError(t, err, "tunx: config: proxy=nil: must not be nil")
	first, second := &proxy{}, &proxy{}
	d, err := tunx.NewDelegatePacketProxy(first)
	require.NoError(t, err)
	require.Error(t, d.SetProxy(nil))
	s, err := d.NewSession(newReceiver())
	require.NoError(t, err)
	require.NoError(t, d.SetProxy(second))
	require.NoError(t, d.SetProxy(direct(t))) // of another type
	require.NoError(t, d.SetProxy(second))
	for range 2 {
		_, err = d.NewSession(newReceiver())
		require.NoError(t, err)
	}
	assert.Len(t, first.senders(), 1)
	assert.Same(t, first, s.(*sender).proxy)
	assert.Len(t, second.senders(), 2)
	assert.Zero(t, first.closed(), "sessions stay")
}
