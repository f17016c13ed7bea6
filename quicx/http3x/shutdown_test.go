package http3x_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx/http3x"
)

// A request in flight is answered, its client is told to go away and does so, and the socket is free afterwards.
func TestShutdownWaits(t *testing.T) {
	noLeak(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		echo(w, r)
	}, nil)
	rt := transport(t, nil)
	answer := make(chan string, 1)
	go func() { answer <- fetch(t, rt, http.MethodPut, s.url("/"), "body") }()
	within(t, "the handler", entered)
	ended := make(chan error, 2)
	for range 2 { // two at a time wait for the same
		go func() { ended <- s.Shutdown(t.Context()) }()
	}
	within(t, "the drain", s.Draining())
	assert.ErrorIs(t, within(t, "Serve", s.served), http.ErrServerClosed)
	s.served <- http.ErrServerClosed
	assert.NotRegexp(t, "^200 ", fetch(t, transport(t, nil), http.MethodGet, s.url("/"), ""), "new conns are refused")
	select {
	case err := <-ended:
		require.Fail(t, "did not wait", "%v", err)
	case <-time.After(1500 * time.Millisecond): // longer than conns without requests have
	}
	close(leave)
	assert.Equal(t, "200 PUT "+s.addr+" body", within(t, "the answer", answer))
	assert.NoError(t, within(t, "Shutdown", ended))
	assert.NoError(t, within(t, "Shutdown", ended))
	assert.NoError(t, s.Shutdown(t.Context()))
	assert.Zero(t, s.Stats().Conns)

	// A server on the same socket has it for itself.
	next := serveOn(t, s.udp, echo, nil)
	assert.Equal(t, "200 GET "+next.addr+" ", fetch(t, rt, http.MethodGet, next.url("/"), ""), "the same transport")
}

// rawConn dials a conn that sends one request and then ignores what it is told.
func rawConn(t *testing.T, s *running) *quic.Conn {
	t.Helper()
	tc := &quicTLS{RootCAs: authority().Pool(), NextProtos: []string{http3.NextProtoH3}}
	q, err := quic.DialAddr(t.Context(), s.addr, tc, nil)
	require.NoError(t, err)
	t.Cleanup(func() { q.CloseWithError(0, "") })
	return q
}

// Clients that keep their conn, and those that have vanished, hold nobody up. http3.Server.Shutdown waits for all of its
// context for them.
func TestShutdownOfClientsThatStay(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, nil)
	q := rawConn(t, s)
	str, err := q.OpenStreamSync(t.Context())
	require.NoError(t, err)
	_, err = str.Write(getRequest)
	require.NoError(t, err)
	require.NoError(t, str.Close())
	answer, err := io.ReadAll(str)
	require.NoError(t, err)
	assert.NotEmpty(t, answer)
	eventually(t, "the request has ended", func() bool { return s.Stats().InFlight == 0 })

	begin := time.Now()
	require.NoError(t, s.Shutdown(t.Context()))
	assert.Less(t, time.Since(begin), 20*time.Second, "the idle timeout is 30 s")
	t.Logf("Shutdown took %v", time.Since(begin))
	within(t, "the end of the conn", q.Context().Done())
	var app *quic.ApplicationError
	require.ErrorAs(t, context.Cause(q.Context()), &app)
	assert.EqualValues(t, http3.ErrCodeNoError, app.ErrorCode)
}

// A request that comes after GOAWAY is refused so that it can be sent again, and a vanished client is not waited for.
func TestShutdownOfClientThatVanished(t *testing.T) {
	noLeak(t)
	s := serve(t, echo, nil)
	udp := listenUDP(t, "127.0.0.1:0")
	tr := &quic.Transport{Conn: udp}
	q, err := tr.Dial(t.Context(), s.udp.LocalAddr(), &quicTLS{RootCAs: authority().Pool(), NextProtos: []string{http3.NextProtoH3}, ServerName: "127.0.0.1"}, nil)
	require.NoError(t, err)
	eventually(t, "the conn is there", func() bool { return s.Stats().Conns == 1 })
	require.NoError(t, udp.Close()) // says nothing to the server
	begin := time.Now()
	require.NoError(t, s.Shutdown(t.Context()))
	assert.Less(t, time.Since(begin), 20*time.Second, "the idle timeout is 30 s")
	t.Logf("Shutdown took %v", time.Since(begin))
	q.CloseWithError(0, "")
	tr.Close()
}

// What does not end is cut with the context, and the error tells how much.
func TestShutdownCuts(t *testing.T) {
	noLeak(t)
	entered := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}, nil)
	rt := transport(t, nil)
	answer := make(chan string, 1)
	go func() { answer <- fetch(t, rt, http.MethodGet, s.url("/"), "") }()
	within(t, "the handler", entered)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Shutdown(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, "http3x: shutdown: 1 requests and 1 conns were cut: context deadline exceeded")
	var e *http3x.Error
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Timeout())
	assert.NotRegexp(t, "^200 ", within(t, "the answer", answer))
}

// Close does not wait for a handler that ignores the end of its context.
func TestCloseWithStuckHandler(t *testing.T) {
	noLeak(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s := serve(t, func(http.ResponseWriter, *http.Request) {
		close(entered)
		<-leave
	}, nil)
	rt := transport(t, nil)
	answer := make(chan string, 1)
	go func() { answer <- fetch(t, rt, http.MethodGet, s.url("/"), "") }()
	within(t, "the handler", entered)
	require.NoError(t, s.Close())
	within(t, "the answer", answer)
	assert.EqualValues(t, 1, s.Stats().InFlight)
	close(leave)
	eventually(t, "the handler has ended", func() bool { return s.Stats().InFlight == 0 })
}

// Requests that arrive while the server ends are answered, or are refused so that they can go elsewhere: none is lost.
func TestShutdownLosesNothing(t *testing.T) {
	noLeak(t)
	for range 5 {
		s := serve(t, echo, nil)
		rt := transport(t, nil)
		require.Contains(t, fetch(t, rt, http.MethodGet, s.url("/"), ""), "200")
		answers := make(chan string)
		req := request(t, http.MethodGet, s.url("/"), nil)
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			defer close(answers)
			for ctx.Err() == nil {
				answers <- do(rt, req.WithContext(ctx))
			}
		}()
		for range 20 {
			<-answers
		}
		ended := make(chan error, 1)
		go func() { ended <- s.Shutdown(t.Context()) }()
		for done := false; !done; {
			select {
			case text := <-answers:
				if !assert.Regexp(t, "^200|CONNECTION_REFUSED|connection refused", text) {
					done = true
				}
			case err := <-ended:
				assert.NoError(t, err)
				done = true
			}
		}
		stop()
		for range answers { // until the last one
		}
	}
}
