package listener_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/tlsx/pki"
)

// patience is how long a test waits for what takes moments.
const patience = time.Minute

// A pulse notes for how long a test was held up.
type pulse struct {
	last    time.Time
	longest time.Duration
}

// beat is called each time that something moves.
func (p *pulse) beat() {
	now := time.Now()
	p.longest, p.last = max(p.longest, now.Sub(p.last)), now
}

// skip leaves out the time since the last beat.
func (p *pulse) skip() { p.last = time.Now() }

// patiently calls f with a bound that must not be reached. If the machine has held f up for half of it, what f returns
// says nothing, and it is called again with a longer one.
func patiently(t *testing.T, first time.Duration, f func(bound time.Duration, p *pulse) error) {
	t.Helper()
	const tries = 4
	for try, bound := 1, first; ; try, bound = try+1, 3*bound {
		p := &pulse{last: time.Now()}
		err := f(bound, p)
		if p.longest < bound/2 || try == tries {
			require.NoError(t, err)
			return
		}
		t.Logf("held up for %v, which is too long for a bound of %v: %v", p.longest, bound, err)
	}
}

// ping moves a byte.
func ping(from, to net.Conn) error {
	if _, err := from.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(to, make([]byte, 1))
	return err
}

// open makes a listener that has to be possible, and closes it with the test.
func open(t *testing.T, c *listener.Config) net.Listener {
	t.Helper()
	l, err := listener.New(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			assert.ErrorIs(t, err, net.ErrClosed)
		}
	})
	return l
}

// stats returns the counters of a listener of this package.
func stats(l net.Listener) listener.Stats { return l.(listener.Listener).Stats() }

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "never: %s", what)
	}
}

// dial connects with package net and closes with the test.
func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// refused dials, from a source if one is given, and waits until the listener has
// reset the conn. That can happen before connect returns.
func refused(t *testing.T, l net.Listener, source string) {
	t.Helper()
	var d net.Dialer
	if source != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
	}
	c, err := d.DialContext(t.Context(), l.Addr().Network(), l.Addr().String())
	if err == nil {
		defer c.Close()
		require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
		_, err = c.Read(make([]byte, 1))
	}
	if runtime.GOOS == "windows" && errors.Is(err, io.EOF) {
		return // under wine, where a close that should reset does not always
	}
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.False(t, op.Timeout(), "still open")
}

// dialTLS shakes hands with the listener.
func dialTLS(t *testing.T, l net.Listener, config *tls.Config) *tls.Conn {
	t.Helper()
	d := tls.Dialer{Config: config, NetDialer: &net.Dialer{Timeout: patience}}
	c, err := d.DialContext(t.Context(), l.Addr().Network(), l.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*tls.Conn)
}

// accept takes the next conn and closes it with the test.
func accept(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// echo sends back what each client of l sends, until l is closed.
func echo(t *testing.T, l net.Listener) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				assert.ErrorIs(t, err, net.ErrClosed)
				return
			}
			group.Go(func() {
				defer c.Close()
				// Not splice: package net keeps its pipes open for the next one.
				io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
}

// roundTrip proves that the conn works.
func roundTrip(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	_, err := c.Write([]byte("hello"))
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	require.NoError(t, c.SetDeadline(time.Time{}))
}

// failure returns the first *Error of err, which must be one.
func failure(t *testing.T, err error) *listener.Error {
	t.Helper()
	var e *listener.Error
	require.ErrorAs(t, err, &e)
	require.Error(t, e.Err)
	return e
}

// cancelled returns a context that has ended.
func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// skipUnlessCI skips for the reason, but CI has to have everything.
func skipUnlessCI(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// authority makes certificates that its pool trusts.
type authority struct{ *pki.CA }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	ca, err := pki.New(nil)
	require.NoError(t, err)
	return &authority{ca}
}

// server returns a config with a certificate for the names and addresses.
func (a *authority) server(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	c, err := a.Issue(&pki.Leaf{Names: names, Server: true})
	require.NoError(t, err)
	return &tls.Config{Certificates: []tls.Certificate{c.TLS()}}
}

func (a *authority) client() *tls.Config { return &tls.Config{RootCAs: a.Pool()} }

// poller lets the runtime open what it needs for the first socket and then keeps.
var poller = sync.OnceFunc(func() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		l.Close()
	}
})

// noLeak checks at the end of the test that goroutines and descriptors are
// back to what they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	poller()
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// By hand: assert.Eventually has goroutines of its own. Each try counts once, because NumGoroutine is off by
		// hundreds at the moment when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}

// ends lets a hook hear of what goes wrong only: not of conns that are accepted and
// closed.
func ends(hook func(listener.Event)) func(listener.Event) {
	return func(e listener.Event) {
		if e.Kind != listener.Accepted && e.Kind != listener.Closed {
			hook(e)
		}
	}
}
