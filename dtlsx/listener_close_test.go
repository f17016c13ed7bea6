package dtlsx_test

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

func TestCloseWakesAccept(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	errs := make(chan error)
	for range 3 {
		go func() {
			_, err := l.Accept()
			errs <- err
		}()
	}
	require.NoError(t, l.Close())
	for range 3 {
		assert.ErrorIs(t, <-errs, net.ErrClosed)
	}
	_, err := l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.ErrorIs(t, l.Close(), net.ErrClosed)
	assert.NoError(t, l.Shutdown(t.Context()))
}

func TestConnsOutliveClose(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{Address: quietAddr(t)})
	c, s := connect(t, l)
	unread := peerOf(t, l)
	require.NoError(t, unread.HandshakeContext(t.Context()))
	stall(t, raw(t, "127.0.0.1", l), 1)
	eventually(t, "two pending", func() bool { return l.Stats().Pending == 2 })
	// The client is done before the server: one that Close cuts in between hears nothing.
	eventually(t, "one is ready", func() bool { return dtlsx.Ready(l) == 1 })
	require.NoError(t, l.Close())
	st := l.Stats()
	assert.EqualValues(t, 1, st.Active)
	assert.Zero(t, st.Pending)
	assert.Zero(t, st.HandshakesFailed, "Close is no failure")
	require.NoError(t, unread.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err := unread.Read(make([]byte, 10))
	assert.ErrorIs(t, err, io.EOF)

	talk(t, c, s, "still there")
	_, err = net.ListenUDP("udp", l.Addr().(*net.UDPAddr))
	assert.Error(t, err, "the port is in use")
	late := raw(t, "127.0.0.1", l) // no new ones
	cookie := challenge(t, late, 9)
	_, err = late.Write(hello(1, 1, 9, cookie))
	require.NoError(t, err)

	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	assert.Zero(t, l.Stats().Active)
	again, err := net.ListenUDP("udp", l.Addr().(*net.UDPAddr))
	require.NoError(t, err, "the port is free")
	again.Close()
}

func TestShutdownWaits(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c, s := connect(t, l)
	done := make(chan error)
	go func() { done <- l.Shutdown(t.Context()) }()
	_, err := l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	talk(t, c, s, "in flight")
	select {
	case <-done:
		assert.Fail(t, "it did not wait")
	default:
	}
	require.NoError(t, s.Close())
	assert.NoError(t, <-done)
}

func TestShutdownEndsWaiting(t *testing.T) {
	noLeak(t)
	l := listen(t, dtlsx.ListenConfig{})
	c, s := connect(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := l.Shutdown(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "closed 1 open conns")
	_, err = s.Read(make([]byte, 10))
	assert.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err = c.Read(make([]byte, 10))
	assert.ErrorIs(t, err, io.EOF, "a close_notify")
	var none context.Context
	assert.Error(t, l.Shutdown(none))
}
