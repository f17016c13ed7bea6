package dtlsx_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// one is a listener that has room for one conn, by each of the bounds.
func one(t *testing.T, test func(t *testing.T, c dtlsx.ListenConfig)) {
	t.Helper()
	for name, c := range map[string]dtlsx.ListenConfig{
		"MaxConns":          {MaxConns: 1},
		"MaxConnsPerSource": {MaxConnsPerSource: 1, SourceBits4: 8},
	} {
		t.Run(name, func(t *testing.T) { test(t, c) })
	}
}

// TestAClientThatStartsAgainCountsOnce: its old conn, of which it knows nothing
// any more, must not keep it out.
func TestAClientThatStartsAgainCountsOnce(t *testing.T) {
	noLeak(t)
	one(t, func(t *testing.T, c dtlsx.ListenConfig) {
		l := listen(t, c)
		socket := board(t)
		var last *dtlsx.Conn
		for range 3 {
			crashed := peerOn(t, silence{socket}, l)
			require.NoError(t, crashed.HandshakeContext(t.Context()))
			last = accept(t, l)
			talk(t, crashed, last, "hello")
			require.NoError(t, crashed.Close()) // nobody is told
			drain(socket)
		}
		eventually(t, "one is left", func() bool { return l.Stats().Active == 1 })
		assert.EqualValues(t, 2, l.Stats().Replaced)
		refused(t, l)

		// A handshake that leads to nothing gives back what it has taken over.
		_, err := socket.WriteTo(hello(0, 0, 3, nil), l.Addr())
		require.NoError(t, err)
		b := make([]byte, 2048)
		n, _, err := socket.ReadFrom(b)
		require.NoError(t, err)
		cookie := bytes.Clone(cookieOf(t, b[:n]))
		_, err = socket.WriteTo(hello(1, 1, 3, cookie), l.Addr())
		require.NoError(t, err)
		eventually(t, "begun", func() bool { return l.Stats().Pending == 1 })
		refused(t, l)
		_, err = socket.WriteTo(wrap(21, 0, 9, []byte{2, 90}), l.Addr())
		require.NoError(t, err)
		eventually(t, "failed", func() bool { return l.Stats().Active == 1 && l.Stats().HandshakesFailed == 1 })
		refused(t, l)
		require.NoError(t, last.Close())
		good(t, l, serving(t, l))
		eventually(t, "none is left", func() bool { return l.Stats().Active == 0 })
	})
}

// TestTheOldConnEndsFirst: while its client shakes hands anew, which counts on.
func TestTheOldConnEndsFirst(t *testing.T) {
	noLeak(t)
	one(t, func(t *testing.T, c dtlsx.ListenConfig) {
		l := listen(t, c)
		socket := board(t)
		crashed := peerOn(t, silence{socket}, l)
		require.NoError(t, crashed.HandshakeContext(t.Context()))
		s := accept(t, l)
		require.NoError(t, crashed.Close())
		_, err := socket.WriteTo(hello(0, 0, 3, nil), l.Addr())
		require.NoError(t, err)
		b := make([]byte, 2048)
		n, _, err := socket.ReadFrom(b)
		require.NoError(t, err)
		_, err = socket.WriteTo(hello(1, 1, 3, bytes.Clone(cookieOf(t, b[:n]))), l.Addr())
		require.NoError(t, err)
		eventually(t, "begun", func() bool { return l.Stats().Pending == 1 })
		require.NoError(t, s.Close())
		assert.EqualValues(t, 1, l.Stats().Active)
		refused(t, l)
		_, err = socket.WriteTo(wrap(21, 0, 9, []byte{2, 90}), l.Addr())
		require.NoError(t, err)
		eventually(t, "failed", func() bool { return l.Stats().Active == 0 })
		good(t, l, serving(t, l))
	})
}

// TestARestartedHandshakeCountsOnce: also while the goroutine of the first one is
// in a callback of the config.
func TestARestartedHandshakeCountsOnce(t *testing.T) {
	noLeak(t)
	one(t, func(t *testing.T, c dtlsx.ListenConfig) {
		entered, leave := make(chan struct{}, 10), make(chan struct{})
		c.PSK = &dtlsx.PSK{Key: func([]byte) ([]byte, error) {
			entered <- struct{}{}
			<-leave
			return secret(nil)
		}}
		l := listen(t, c)
		socket := board(t)
		ctx, cancel := context.WithCancel(t.Context())
		first := peerOn(t, silence{socket}, l, withSecret...)
		done := make(chan error, 1)
		go func() { done <- first.HandshakeContext(ctx) }()
		<-entered
		cancel()
		require.Error(t, <-done)
		drain(socket)
		second := peerOn(t, socket, l, append(withSecret, dtls.WithFlightInterval(100*time.Millisecond))...)
		go func() { done <- second.HandshakeContext(t.Context()) }()
		<-entered
		close(leave)
		require.NoError(t, <-done)
		talk(t, second, accept(t, l), "hello")
		eventually(t, "one is left", func() bool { return l.Stats().Active == 1 && l.Stats().HandshakesFailed == 1 })
		assert.Zero(t, l.Stats().RefusedByLimit+l.Stats().RefusedBySource)
	})
}

// refused is a client for which there is no room.
func refused(t *testing.T, l *dtlsx.Listener) {
	t.Helper()
	was := l.Stats()
	err := peerOf(t, l, once()).HandshakeContext(t.Context())
	require.ErrorContains(t, err, "InternalError")
	assert.Equal(t, was.RefusedByLimit+was.RefusedBySource+1, l.Stats().RefusedByLimit+l.Stats().RefusedBySource)
}

// serving takes the conns of a listener from now on.
func serving(t *testing.T, l *dtlsx.Listener) dtls.ClientOption {
	server(t, l)
	return dtls.WithServerName("localhost")
}
