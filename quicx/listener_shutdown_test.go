package quicx_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// Shutdown waits for conns that end by themselves.
func TestListener_ShutdownWaits(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{Address: quietAddr(t)})
	c := newClient(t, "127.0.0.1:0")
	server, _ := pair(t, l, c)
	c.connect(t, l.Addr()) // to be accepted
	eventually(t, "its handshake is done", func() bool { s := l.Stats(); return s.Pending == 1 && s.Unvalidated == 0 })
	result := make(chan error)
	go func() { result <- l.Shutdown(t.Context()) }()
	eventually(t, "new clients are refused", func() bool {
		conn, err := c.dial(t, l.Addr())
		if err == nil {
			conn.CloseWithError(0, "")
		}
		return err != nil
	})
	late := accept(t, l) // was there before
	for {
		conn, err := l.Accept(t.Context())
		if err != nil {
			require.ErrorIs(t, err, net.ErrClosed, "there are no others")
			break
		}
		conn.CloseWithError(0, "")
	}
	_, err := c.dial(t, l.Addr())
	refused(t, err)
	select {
	case err := <-result:
		t.Fatal("it does not wait: ", err)
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, server.CloseWithError(0, ""))
	require.NoError(t, late.CloseWithError(0, ""))
	require.NoError(t, <-result)
	udp, err := net.ListenUDP("udp", l.Addr().(*net.UDPAddr))
	require.NoError(t, err, "the port is free")
	udp.Close()
}

// When its context is done it closes those that are left.
func TestListener_ShutdownCuts(t *testing.T) {
	noLeak(t)
	l := listen(t, &quicx.ListenConfig{CloseCode: 42})
	c := newClient(t, "127.0.0.1:0")
	_, one := pair(t, l, c)
	_, two := pair(t, l, c)
	queued := c.connect(t, l.Addr())
	eventually(t, "its handshake is done", func() bool { s := l.Stats(); return s.Pending == 1 && s.Unvalidated == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := l.Shutdown(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "closed 2 open conns")
	for _, conn := range []*quic.Conn{one, two, queued} {
		<-conn.Context().Done()
		var e *quic.ApplicationError
		require.ErrorAs(t, context.Cause(conn.Context()), &e)
		assert.True(t, e.Remote)
		assert.EqualValues(t, 42, e.ErrorCode)
		assert.Equal(t, "the listener is closed", e.ErrorMessage)
	}
	assert.Zero(t, l.Stats().Active)
	require.NoError(t, l.Shutdown(t.Context()))
}

// Close ends a Shutdown that waits for what was not accepted.
func TestListener_CloseDuringShutdown(t *testing.T) {
	noLeak(t)
	l := listen(t, nil)
	newClient(t, "127.0.0.1:0").connect(t, l.Addr())
	eventually(t, "it is queued", func() bool { return l.Stats().Pending == 1 })
	result := make(chan error)
	go func() { result <- l.Shutdown(t.Context()) }()
	require.NoError(t, l.Close())
	require.NoError(t, <-result)
}

// A handshake in progress is refused by Close.
func TestListener_CloseDuringHandshake(t *testing.T) {
	noLeak(t)
	var happened events
	l := listen(t, &quicx.ListenConfig{OnEvent: happened.add, HandshakeTimeout: 2 * time.Minute})
	flood(t, l.Addr(), 5)
	eventually(t, "they are in progress", func() bool { return l.Stats().Pending == 5 })
	require.NoError(t, l.Close())
	assert.Zero(t, l.Stats().Active)
	assert.Empty(t, happened.kinds(), "what Close ends is no event")
}

// A socket that fails under the listener is told by Accept.
func TestListener_SocketFails(t *testing.T) {
	noLeak(t)
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	l := listen(t, &quicx.ListenConfig{Conn: udp})
	result := make(chan error)
	go func() {
		_, err := l.Accept(t.Context())
		result <- err
	}()
	require.NoError(t, udp.Close())
	err = <-result
	require.ErrorIs(t, err, quic.ErrTransportClosed)
	require.ErrorIs(t, err, net.ErrClosed)
	require.NotErrorIs(t, err, quic.ErrServerClosed)
	_ = l.Close()
	_, err = l.Accept(t.Context())
	require.Error(t, err)
}
