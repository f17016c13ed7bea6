package udpsession_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
)

func TestTwoListeners(t *testing.T) {
	noLeak(t)
	a, b := open(t, udpsession.Config{}), open(t, udpsession.Config{})
	client, err := net.ListenPacket("udp", "127.0.0.1:0") // one peer of both
	require.NoError(t, err)
	defer client.Close()
	for _, l := range []net.Listener{a, b} {
		_, err := client.WriteTo([]byte(l.Addr().String()), l.Addr())
		require.NoError(t, err)
	}
	as, bs := accept(t, a), accept(t, b)
	assert.Equal(t, a.Addr().String(), receive(t, as))
	assert.Equal(t, b.Addr().String(), receive(t, bs))
	require.NoError(t, a.Close())
	_, err = as.Read(make([]byte, 9))
	assert.ErrorIs(t, err, net.ErrClosed)
	send(t, bs, "still here")
}

func TestCloseEndsEverything(t *testing.T) {
	noLeak(t)
	events := new(recorder)
	l := open(t, udpsession.Config{OnEvent: events.add})
	_, session := pair(t, l)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			_, err := l.Accept()
			assert.ErrorIs(t, err, net.ErrClosed)
			assert.Equal(t, "accept", failure(t, err).Op)
		})
		group.Go(func() {
			_, err := session.Read(make([]byte, 9))
			assert.ErrorIs(t, err, net.ErrClosed)
		})
	}
	await(t, "reads wait", func() bool { return udpsession.Waiting(session) == 3 })
	require.NoError(t, l.Close())
	for _, c := range []error{second(session.Write([]byte("late"))), session.Close(), l.Close(), l.Shutdown(t.Context())} {
		assert.ErrorIs(t, c, net.ErrClosed)
	}
	_, err := l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	s := l.Stats()
	assert.Zero(t, s.Active+s.Pending)
	assert.Zero(t, s.QueuedBytes)
	assert.Equal(t, s.Created, s.Ended.Shutdown)
	await(t, "all told", func() bool { return len(events.all()) == int(2*s.Created) })
	group.Wait()
}

func TestShutdownWaitsForSessions(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	_, other := pair(t, l)
	send(t, dial(t, l), "never accepted")
	await(t, "it came", func() bool { return l.Stats().Pending == 1 })
	done := make(chan error, 1)
	go func() { done <- l.Shutdown(t.Context()) }()
	await(t, "draining", func() bool { return l.Stats().Ended.Shutdown == 1 })
	_, err := l.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Equal(t, 2, l.Stats().Active)

	send(t, client, "goes on")
	assert.Equal(t, "goes on", receive(t, session))
	send(t, session, "both ways")
	assert.Equal(t, "both ways", receive(t, client))
	send(t, dial(t, l), "too late")
	await(t, "refused", func() bool { return l.Stats().Refused.ShuttingDown == 1 })
	require.NoError(t, session.Close())
	select {
	case err := <-done:
		assert.Fail(t, "did not wait", "%v", err)
	default:
	}
	require.NoError(t, other.Close())
	assert.NoError(t, <-done)
	assert.ErrorIs(t, l.Close(), net.ErrClosed)
}

func TestShutdownWithoutSessions(t *testing.T) {
	l := open(t, udpsession.Config{})
	assert.NoError(t, l.Shutdown(t.Context()))
	assert.ErrorIs(t, l.Shutdown(t.Context()), net.ErrClosed)
}

func TestShutdownThatIsCut(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	_, session := pair(t, l)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := l.Shutdown(ctx)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, "shutdown", failure(t, err).Op)
	assert.Equal(t, "udp4", failure(t, err).Network)
	assert.True(t, failure(t, err).Timeout())
	_, err = session.Read(make([]byte, 9))
	assert.ErrorIs(t, err, net.ErrClosed)
	err = l.Shutdown(noContext)
	assert.ErrorContains(t, err, "the context is nil")
}

// A callback may use the listener and its conns.
func TestEventsCanUseTheListener(t *testing.T) {
	noLeak(t)
	events := new(recorder)
	ready := make(chan struct{})
	var l *udpsession.Listener
	var kept []net.Conn
	l = open(t, udpsession.Config{IdleTimeout: 2 * time.Second, MaxSessions: 2, OnEvent: func(e udpsession.Event) {
		<-ready
		events.add(e)
		l.Stats()
		if e.Kind == udpsession.EventEnded && e.Reason == udpsession.Idle {
			for _, c := range kept {
				c.Close()
			}
		}
	}})
	close(ready)
	for range 2 {
		_, session := pair(t, l)
		kept = append(kept, session)
	}
	await(t, "both ended", func() bool { return l.Stats().Active == 0 })
	await(t, "all told", func() bool { return len(events.all()) == 4 })
	send(t, dial(t, l), "next")
	assert.Equal(t, "next", receive(t, accept(t, l)))
}

func TestEventTexts(t *testing.T) {
	assert.Equal(t, "created ended refused EventKind(9)", fmt.Sprint(
		udpsession.EventCreated, " ", udpsession.EventEnded, " ", udpsession.EventRefused, " ", udpsession.EventKind(9)))
	for r, want := range map[udpsession.Reason]string{
		udpsession.Closed: "closed", udpsession.Shutdown: "shutdown", udpsession.BacklogFull: "backlog full", 99: "Reason(99)",
	} {
		assert.Equal(t, want, r.String())
	}
}

// Close while everything goes on.
func TestCloseInTheMiddle(t *testing.T) {
	for round := range 10 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			noLeak(t)
			events := new(recorder)
			l := open(t, udpsession.Config{
				IdleTimeout: 20 * time.Millisecond, MaxSessions: 20, OnFull: udpsession.EvictIdle,
				MaxSessionsPerSource: 15, OnEvent: events.add,
			})
			var group sync.WaitGroup
			group.Go(func() { serveEcho(t, l, &group) })
			stop := make(chan struct{})
			for range 30 {
				client := dial(t, l)
				group.Go(func() { talk(client, stop) })
			}
			await(t, "traffic", func() bool { return l.Stats().Sent > 500 })
			var closers sync.WaitGroup
			for i := range 3 {
				closers.Go(func() {
					if i == 0 {
						l.Shutdown(cancelled(t))
					} else {
						l.Close()
					}
				})
			}
			closers.Wait()
			close(stop)
			group.Wait()
			s := l.Stats()
			assert.Zero(t, s.Active+s.Pending)
			assert.Zero(t, s.QueuedBytes)
			assert.Zero(t, udpsession.Sources(l))
			e := s.Ended
			assert.Equal(t, s.Created, e.Closed+e.Idle+e.Aged+e.Evicted+e.Shutdown)
			count := func(kind udpsession.EventKind) (n uint64) {
				for _, e := range events.all() {
					if e.Kind == kind {
						n++
					}
				}
				return n
			}
			await(t, "all are told", func() bool {
				return count(udpsession.EventCreated) == s.Created && count(udpsession.EventEnded) == s.Created
			})
		})
	}
}

// serveEcho answers in each session and closes some of them, until l is closed.
func serveEcho(t *testing.T, l net.Listener, group *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			assert.ErrorIs(t, err, net.ErrClosed)
			return
		}
		group.Go(func() {
			buf := make([]byte, 100)
			for range rand.IntN(100) {
				c.SetDeadline(time.Now().Add(time.Duration(rand.IntN(30)) * time.Millisecond))
				if n, err := c.Read(buf); err == nil {
					c.Write(buf[:n])
				}
			}
			c.Close()
		})
	}
}

// talk sends and receives until stop.
func talk(c net.Conn, stop <-chan struct{}) {
	buf := make([]byte, 100)
	for {
		select {
		case <-stop:
			return
		default:
		}
		c.Write(buf[:rand.IntN(100)])
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		c.Read(buf)
	}
}

// cancelled returns a context that has ended.
func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
