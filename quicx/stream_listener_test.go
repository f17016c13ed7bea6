package quicx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// A conn with many streams delays the stream of another one by one.
func TestStreamListenerFair(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, &quic.Config{MaxIncomingStreams: 1000})
	greedy, err := s.DialContext(t.Context(), "udp", s.listener.Addr().String())
	require.NoError(t, err)
	defer greedy.CloseWithError(0, "")
	for range 500 {
		stream, err := greedy.OpenStream()
		require.NoError(t, err)
		_, err = stream.Write([]byte{1})
		require.NoError(t, err)
	}
	of := s.accept(t).Conn() // they have arrived
	modest := s.dial(t)
	_, err = modest.Write([]byte{1})
	require.NoError(t, err)
	eventually(t, "it has too", func() bool { return quicx.Offering(s.listener) == 2 })
	turns := 1
	for s.accept(t).Conn() == of && turns < 400 {
		turns++
	}
	assert.Less(t, turns, 20)
}

func TestStreamListenerMaxStreams(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{MaxStreamsPerConn: 2}, nil)
	for range 5 {
		c := s.dial(t)
		_, err := c.Write([]byte{1})
		require.NoError(t, err)
	}
	first := s.accept(t)
	s.accept(t)
	third := make(chan net.Conn)
	go func() {
		c, err := s.listener.Accept()
		assert.NoError(t, err)
		third <- c
	}()
	select {
	case <-third:
		require.Fail(t, "not limited")
	case <-time.After(50 * time.Millisecond):
	}
	require.NoError(t, first.Close())
	require.NoError(t, (<-third).Close())
}

// Accepted streams outlive the listener; further ones are refused, and the
// dialer goes elsewhere.
func TestStreamListenerClose(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Linger: time.Second}, nil)
	c, peer := s.pair(t)
	idle, err := s.DialContext(t.Context(), "udp", s.listener.Addr().String())
	require.NoError(t, err)
	waiting := s.dial(t) // for Accept
	_, err = waiting.Write([]byte{1})
	require.NoError(t, err)

	require.NoError(t, s.listener.Close())
	require.NoError(t, s.listener.Close())
	_, err = s.listener.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	<-idle.Context().Done()

	late := s.dial(t)
	assert.Same(t, c.Conn(), late.Conn())
	_, err = late.Write([]byte{1})
	require.NoError(t, err)
	for _, refused := range []net.Conn{waiting, late} {
		var reset *quic.StreamError
		_, err = refused.Read(make([]byte, 1))
		require.ErrorAs(t, err, &reset)
		assert.Equal(t, quicx.RefusedCode, reset.ErrorCode)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.dialer.DialContext(ctx, "udp", s.listener.Addr().String())
		failed <- err
	}()
	eventually(t, "a new conn is dialled", func() bool { return s.dials.Load() == 3 })
	cancel()
	require.Error(t, <-failed, "nobody listens")

	_, err = peer.Write([]byte("still here"))
	require.NoError(t, err)
	require.NoError(t, peer.Close())
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "still here", string(got))
	require.NoError(t, s.listener.Shutdown(t.Context()))
	<-c.Conn().Context().Done()
}

// Shutdown without streams is over at once, whatever Linger is.
func TestStreamListenerShutdown(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Linger: time.Hour}, nil)
	_, err := s.DialContext(t.Context(), "udp", s.listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, s.listener.Shutdown(t.Context()))

	s = newStreams(t, &quicx.StreamConfig{Linger: time.Hour}, nil)
	c, _ := s.pair(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, s.listener.Shutdown(ctx), context.DeadlineExceeded)
	_, err = c.Read(make([]byte, 1))
	var e *quic.ApplicationError
	require.ErrorAs(t, err, &e)
}

// accepter accepts what its channels say.
type accepter struct {
	conns  chan *quic.Conn
	errs   chan error
	closes error
	late   bool // return conns after the context has ended
}

func (a *accepter) Accept(ctx context.Context) (*quic.Conn, error) {
	done := ctx.Done()
	if a.late {
		done = nil
	}
	select {
	case c := <-a.conns:
		return c, nil
	case err := <-a.errs:
		return nil, err
	case <-done:
		return nil, ctx.Err()
	}
}

func (*accepter) Addr() net.Addr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443} }

func (a *accepter) Close() error { return a.closes }

// temporary is an error after which accepting goes on.
type temporary struct{ error }

func (temporary) Temporary() bool { return true }

func TestStreamListenerAccepterFails(t *testing.T) {
	noLeak(t)
	a := &accepter{errs: make(chan error, 3), closes: errors.New("close fails")}
	l, err := quicx.NewStreamListener(a, nil)
	require.NoError(t, err)
	soft, hard := temporary{errors.New("no descriptors")}, errors.New("the socket is gone")
	a.errs <- soft
	a.errs <- soft
	a.errs <- hard
	for _, want := range []error{soft, soft, hard, hard, hard} {
		_, err := l.Accept()
		require.ErrorIs(t, err, want)
		var e *quicx.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "accept", e.Op)
		assert.Equal(t, want == error(soft), e.Temporary())
	}
	require.ErrorIs(t, l.(*quicx.StreamListener).Shutdown(t.Context()), a.closes)
}

// Close ends an Accept that waits, and a conn that comes too late.
func TestStreamListenerLateConn(t *testing.T) {
	noLeak(t)
	b := newBare(t, nil, nil)
	conn, err := b.DialContext(t.Context(), "udp", b.Addr().String())
	require.NoError(t, err)
	a := &accepter{conns: make(chan *quic.Conn), errs: make(chan error, 1), late: true}
	l, err := quicx.NewStreamListener(a, nil)
	require.NoError(t, err)
	fails := make(chan error)
	go func() {
		_, err := l.Accept()
		fails <- err
	}()
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	require.ErrorIs(t, <-fails, net.ErrClosed)
	a.conns <- conn
	<-conn.Context().Done()
	a.errs <- net.ErrClosed
	require.NoError(t, <-closed)
}

// net/http runs over streams, and its Shutdown lets a request in flight end.
func TestStreamHTTP(t *testing.T) {
	noLeak(t)
	s := newStreams(t, &quicx.StreamConfig{Linger: time.Second}, nil)
	begun, goOn := make(chan struct{}), make(chan struct{})
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-goOn
		io.WriteString(w, "over QUIC")
	})}
	served := make(chan error)
	go func() { served <- server.Serve(s.listener) }()
	client := &http.Client{Transport: &http.Transport{DialContext: s.dialer.DialContext}}
	defer client.CloseIdleConnections()

	body := make(chan string)
	go func() {
		resp, err := client.Get("http://" + s.listener.Addr().String())
		if assert.NoError(t, err) {
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			body <- string(b)
		}
		close(body)
	}()
	<-begun
	down := make(chan error)
	go func() { down <- server.Shutdown(t.Context()) }()
	require.ErrorIs(t, <-served, http.ErrServerClosed)
	close(goOn)
	assert.Equal(t, "over QUIC", <-body)
	require.NoError(t, <-down)
	require.NoError(t, s.listener.Shutdown(t.Context()))
}

// A context that is nil is an error, and ends nothing.
func TestStreamNilContexts(t *testing.T) {
	noLeak(t)
	s := newStreams(t, nil, nil)
	var none context.Context
	_, err := s.dialer.DialContext(none, "udp", s.listener.Addr().String())
	require.ErrorContains(t, err, "the context is nil")
	require.ErrorContains(t, s.listener.Shutdown(none), "the context is nil")
}

// slow is a quic.Listener from which nobody takes conns before it is closed.
type slow struct {
	*quic.Listener

	closed chan struct{}
}

func (s *slow) Accept(ctx context.Context) (*quic.Conn, error) {
	select {
	case <-s.closed:
		return s.Listener.Accept(ctx)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *slow) Close() error {
	defer close(s.closed)
	return s.Listener.Close()
}

// Close ends the conns that wait in the Accepter: quic-go leaves them open, and
// their clients would only see that after the idle timeout.
func TestStreamListenerCloseEndsWaitingConns(t *testing.T) {
	noLeak(t)
	b := newBare(t, nil, nil)
	l, err := quicx.NewStreamListener(&slow{b.Listener, make(chan struct{})}, nil)
	require.NoError(t, err)
	var conns []*quic.Conn
	for range 3 {
		conn, err := b.DialContext(t.Context(), "udp", b.Addr().String())
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	require.NoError(t, l.Close())
	for _, conn := range conns {
		eventually(t, "the conn ends", func() bool { return conn.Context().Err() != nil })
		var idle *quic.IdleTimeoutError
		assert.NotErrorAs(t, context.Cause(conn.Context()), &idle)
	}
}
