package quicx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

func TestStreamConfigErrors(t *testing.T) {
	_, err := quicx.NewStreamDialer(nil, &quicx.StreamConfig{
		CloseCode: 1 << 62, Timeout: -1, IdleTimeout: -2, MaxConnsPerAddress: -3, MaxStreamsPerConn: -4, Linger: -5,
	})
	for _, field := range []string{
		"Dialer=nil", "CloseCode=4611686018427387904", "Timeout=-1ns", "IdleTimeout=-2ns",
		"MaxConnsPerAddress=-3", "MaxStreamsPerConn=-4", "Linger=-5ns",
	} {
		assert.ErrorContains(t, err, field)
	}
	_, err = quicx.NewStreamListener(nil, nil)
	require.ErrorContains(t, err, "Accepter=nil")
}

// Concurrent first dials share one handshake.
func TestStreamDialerShares(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	gate := s.hold()
	var wg sync.WaitGroup
	conns := make([]net.Conn, 20)
	for i := range conns {
		wg.Go(func() {
			var err error
			conns[i], err = s.dialer.DialContext(t.Context(), "tcp", s.listener.Addr().String())
			assert.NoError(t, err)
		})
	}
	// The first one gives up; the others do not notice.
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		_, err := s.dialer.DialContext(ctx, "udp", s.listener.Addr().String())
		assert.ErrorIs(t, err, context.Canceled)
	})
	eventually(t, "all wait for one handshake", func() bool { return s.dials.Load() == 1 && quicx.Uses(s.dialer) == len(conns)+1 })
	cancel()
	close(gate)
	wg.Wait()
	assert.EqualValues(t, 1, s.dials.Load())
	for _, c := range conns {
		assert.Same(t, conns[0].(*quicx.StreamConn).Conn(), c.(*quicx.StreamConn).Conn())
		require.NoError(t, c.Close())
	}
}

// A handshake for which nobody waits any more ends.
func TestStreamDialerGivesUp(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	s.hold() // for ever
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.dialer.DialContext(ctx, "udp", s.listener.Addr().String())
		failed <- err
	}()
	eventually(t, "a handshake begins", func() bool { return s.dials.Load() == 1 })
	cancel()
	err := <-failed
	require.ErrorIs(t, err, context.Canceled)
	var e *quicx.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, "dial", e.Op)
	s.gate.Store(nil)
	s.dial(t)
	assert.EqualValues(t, 2, s.dials.Load())
}

func TestStreamDialerTimeout(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Timeout: 10 * time.Millisecond}, nil)
	s.hold()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.dialer.DialContext(ctx, "udp4", s.listener.Addr().String())
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, quicx.Uses(s.dialer))
	assert.Zero(t, s.dials.Load(), "a cancelled context dials nothing")
	_, err = s.dialer.Dial("udp4", s.listener.Addr().String())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	var e *quicx.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())
}

func TestStreamDialerFails(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	for _, network := range []string{"tcp6", "unix"} {
		_, err := s.dialer.DialContext(t.Context(), network, s.listener.Addr().String())
		var e *quicx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, network, e.Network)
	}
	c, err := s.dialer.DialContext(t.Context(), "tcp4", s.listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, c.Close())
}

// A conn that has died, or dies when it is used, is dialled again.
func TestStreamDialerRedials(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	for i := range 5 {
		c, peer := s.pair(t)
		assert.EqualValues(t, i+1, s.dials.Load())
		require.NoError(t, peer.Conn().CloseWithError(1, "restart"))
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
	}
}

func TestStreamDialerLimit(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, &quic.Config{MaxIncomingStreams: 2})
	c, peer := s.pair(t)
	s.pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := s.dialer.DialContext(ctx, "udp", s.listener.Addr().String())
	require.ErrorIs(t, err, context.DeadlineExceeded)

	dialled := make(chan error, 1)
	go func() {
		third, err := s.dialer.Dial("udp", s.listener.Addr().String())
		if err == nil {
			err = third.Close()
		}
		dialled <- err
	}()
	select {
	case err := <-dialled:
		require.Failf(t, "not limited", "%v", err)
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, c.Close())
	require.NoError(t, peer.Close())
	require.NoError(t, <-dialled)
	assert.EqualValues(t, 1, s.dials.Load())
}

func TestStreamDialerSecondConn(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{MaxConnsPerAddress: 2}, &quic.Config{MaxIncomingStreams: 2})
	conns := map[*quic.Conn]int{}
	for range 4 {
		c, _ := s.pair(t)
		conns[c.Conn()]++
	}
	assert.Len(t, conns, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := s.dialer.DialContext(ctx, "udp", s.listener.Addr().String())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualValues(t, 2, s.dials.Load())
}

// Dials that share a handshake are no fewer than the streams that the peer allows then: the rest gets another conn.
func TestStreamDialerSecondConnTogether(t *testing.T) {
	noLeak(t)
	late := &lateDialer{bare: newBare(t, &quic.Config{MaxIncomingStreams: 1}, nil), begun: make(chan chan struct{}, 3), conns: make(chan *quic.Conn, 3)}
	d, err := quicx.NewStreamDialer(late, &quicx.StreamConfig{MaxConnsPerAddress: 3})
	require.NoError(t, err)
	const dials = 3
	dialled := make(chan net.Conn, dials)
	for range dials {
		go func() {
			c, err := d.DialContext(t.Context(), "udp", late.Addr().String())
			assert.NoError(t, err)
			dialled <- c
		}()
	}
	for left := dials; left > 0; left-- {
		gate := <-late.begun
		eventually(t, "all the others wait for the handshake", func() bool { return quicx.Uses(d) == dials })
		close(gate)
	}
	conns := map[*quic.Conn]bool{}
	for range dials {
		conns[(<-dialled).(*quicx.StreamConn).Conn()] = true
	}
	assert.Len(t, conns, dials)
	require.NoError(t, d.Close())
}

func TestStreamDialerIdle(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{IdleTimeout: 50 * time.Millisecond}, nil)
	var conn *quic.Conn
	var again *quicx.StreamConn
	eventually(t, "a conn is used again in time", func() bool { // not if the test had to wait for the processor
		c, peer := s.pair(t)
		conn = peer.Conn()
		require.NoError(t, c.Close())
		again = s.dial(t)
		if c.Conn() != again.Conn() {
			require.NoError(t, again.Close())
			return false
		}
		return true
	})
	dials := s.dials.Load()
	select {
	case <-conn.Context().Done():
		require.Fail(t, "closed while there is a stream")
	case <-time.After(100 * time.Millisecond):
	}
	require.NoError(t, again.Close())
	<-conn.Context().Done()
	var e *quic.ApplicationError
	require.ErrorAs(t, context.Cause(conn.Context()), &e)
	assert.Zero(t, e.ErrorCode)
	s.pair(t)
	assert.Equal(t, dials+1, s.dials.Load())
}

func TestStreamDialerClose(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	c, _ := s.pair(t)
	fails := make(chan error)
	s.hold()
	go func() {
		_, err := s.dialer.Dial("udp", "127.0.0.1:1")
		fails <- err
	}()
	eventually(t, "a second handshake begins", func() bool { return s.dials.Load() == 2 })
	require.NoError(t, s.dialer.Close())
	require.ErrorIs(t, <-fails, net.ErrClosed)
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = s.dialer.Dial("udp", s.listener.Addr().String())
	require.ErrorIs(t, err, net.ErrClosed)
	require.NoError(t, s.dialer.Close())
}

// lateDialer returns a conn although its context has ended.
type lateDialer struct {
	*bare
	begun chan chan struct{} // gets what a dial waits for
	conns chan *quic.Conn
}

func (d *lateDialer) DialContext(_ context.Context, network, address string) (*quic.Conn, error) {
	gate := make(chan struct{})
	d.begun <- gate
	<-gate
	conn, err := d.bare.DialContext(context.Background(), network, address)
	d.conns <- conn
	return conn, err
}

// A conn that comes when nobody wants it any more is closed.
func TestStreamDialerLateConn(t *testing.T) {
	noLeak(t)
	late := &lateDialer{bare: newBare(t, nil, nil), begun: make(chan chan struct{}, 1), conns: make(chan *quic.Conn, 1)}
	d, err := quicx.NewStreamDialer(late, nil)
	require.NoError(t, err)
	fails := make(chan error)
	ctx, cancel := context.WithCancel(t.Context())
	dial := func() {
		_, err := d.DialContext(ctx, "udp", late.Addr().String())
		fails <- err
	}
	go dial()
	gate := <-late.begun
	cancel()
	require.ErrorIs(t, <-fails, context.Canceled)
	close(gate)
	<-(<-late.conns).Context().Done()

	ctx = t.Context()
	go dial()
	gate = <-late.begun
	closed := make(chan error)
	go func() { closed <- d.Close() }()
	eventually(t, "it is closed", func() bool {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := d.DialContext(ended, "udp", late.Addr().String())
		return errors.Is(err, net.ErrClosed)
	})
	close(gate)
	<-(<-late.conns).Context().Done()
	require.ErrorIs(t, <-fails, net.ErrClosed)
	require.NoError(t, <-closed)
}

// many dials and closes at the same time leave nothing and fail in one way only.
func TestStreamDialerCloseRace(t *testing.T) {
	noLeak(t)
	for range 10 {
		s := newStreams(t, &quicx.StreamConfig{IdleTimeout: time.Millisecond}, nil)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					c, err := s.dialer.Dial("udp", s.listener.Addr().String())
					if err != nil {
						assert.ErrorIs(t, err, net.ErrClosed)
						return
					}
					_, _ = io.WriteString(c, "x")
					_ = c.Close()
				}
			})
		}
		wg.Go(func() {
			for {
				c, err := s.listener.Accept()
				if err != nil {
					return
				}
				c.Close()
			}
		})
		time.Sleep(20 * time.Millisecond)
		require.NoError(t, s.dialer.Close())
		require.NoError(t, s.listener.Close())
		wg.Wait()
	}
}
