package udpsession_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

// open makes a listener that has to be possible, and closes it with the test.
func open(t testing.TB, c udpsession.Config) *udpsession.Listener {
	t.Helper()
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	l, err := udpsession.Listen(t.Context(), &c)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			assert.ErrorIs(t, err, net.ErrClosed)
		}
	})
	return l.(*udpsession.Listener)
}

// dial connects with package net and closes with the test.
func dial(t testing.TB, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("udp", l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// accept takes the next session and closes it with the test.
func accept(t testing.TB, l net.Listener) *udpsession.Conn {
	t.Helper()
	late := time.AfterFunc(patience, func() { l.Close() })
	c, err := l.Accept()
	late.Stop()
	require.NoError(t, err, "%+v", l.(*udpsession.Listener).Stats())
	t.Cleanup(func() { c.Close() })
	return c.(*udpsession.Conn)
}

// pair returns a client and its session, with nothing under way.
func pair(t testing.TB, l net.Listener) (client net.Conn, session *udpsession.Conn) {
	t.Helper()
	client = dial(t, l)
	send(t, client, "begin")
	session = accept(t, l)
	assert.Equal(t, "begin", receive(t, session))
	return client, session
}

func send(t testing.TB, c net.Conn, text string) {
	t.Helper()
	n, err := c.Write([]byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

// receive reads one datagram, for which it waits.
func receive(t testing.TB, c net.Conn) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, 1<<16)
	n, err := c.Read(buf)
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Time{}))
	return string(buf[:n])
}

// nothing checks that no datagram waits for Read.
func nothing(t testing.TB, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Millisecond)))
	n, err := c.Read(make([]byte, 1))
	assert.Zero(t, n)
	ne, ok := err.(net.Error)
	require.True(t, ok, "%T: %v", err, err)
	assert.True(t, ne.Timeout())
	require.NoError(t, c.SetReadDeadline(time.Time{}))
}

// await waits for a condition. By hand: assert.Eventually has goroutines of its own.
func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), what)
	}
}

// failure returns the first *Error of err, which must be one.
func failure(t testing.TB, err error) *udpsession.Error {
	t.Helper()
	var e *udpsession.Error
	require.ErrorAs(t, err, &e)
	require.Error(t, e.Err)
	return e
}

// recorder keeps events.
type recorder struct {
	mu     sync.Mutex
	events []udpsession.Event
}

func (r *recorder) add(e udpsession.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) all() []udpsession.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]udpsession.Event(nil), r.events...)
}

// noLeak checks at the end of the test that goroutines and descriptors are
// back to what they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds at the moment when the runtime moves ended ones
		// from list to list.
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

// noContext is what a caller may give by mistake.
var noContext context.Context
