//go:build !plan9

package simnet_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// both runs a test at once, and in a bubble with delay.
func both(t *testing.T, test func(*testing.T, *simnet.Network, *simnet.Host, *simnet.Host)) {
	t.Helper()
	for name, c := range map[string]simnet.Config{
		"direct":    {Order: simnet.OrderDirect, MaxEvents: 1000, CaptureBytes: 10},
		"scheduled": {Link: simnet.Link{Latency: 10 * time.Millisecond}, CaptureBytes: 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network(t, c)
				test(t, n, host(t, n, "a"), host(t, n, "b"))
			})
		})
	}
}

// fails requires an error of the shape that package net has.
func fails(t *testing.T, err error, op string, target error) {
	t.Helper()
	var e *net.OpError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, op, e.Op)
	assert.ErrorIs(t, err, target)
}

func TestConn_Ends(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		say(t, c, "last words")
		require.NoError(t, c.CloseWrite())
		require.NoError(t, c.CloseWrite())
		_, err := c.Write([]byte("x"))
		fails(t, err, "write", syscall.EPIPE)
		hear(t, d, "last words")
		for range 2 {
			_, err = d.Read(make([]byte, 1))
			assert.Equal(t, io.EOF, err)
		}
		say(t, d, "the other way goes on")
		hear(t, c, "the other way goes on")
		require.NoError(t, d.Close())
		_, err = c.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		require.NoError(t, c.Close())
		_, err = c.Read(make([]byte, 1))
		fails(t, err, "read", net.ErrClosed)
		assert.ErrorIs(t, err, virtnet.ErrSockDown)
		fails(t, c.SetDeadline(time.Time{}), "set", net.ErrClosed)
		fails(t, c.CloseWrite(), "close", net.ErrClosed)
	})
}

// Nothing is read at once, whether something has come or not.
func TestConn_ReadNothing(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		say(t, c, "some")
		for _, each := range []*simnet.Conn{c, d} {
			n, err := each.Read(nil)
			require.NoError(t, err)
			assert.Zero(t, n)
		}
		hear(t, d, "some")
	})
}

// A conn that was closed waits a minute for the end of the other side, which is answered
// with a reset when it comes later.
func TestConn_Lingers(t *testing.T) {
	for end, late := range map[time.Duration]bool{59 * time.Second: false, 61 * time.Second: true} {
		synctest.Test(t, func(t *testing.T) {
			n := network(t, simnet.Config{Link: simnet.Link{Latency: time.Millisecond}, MaxEvents: 100})
			c, d := pair(t, host(t, n, "a"), host(t, n, "b"))
			require.NoError(t, c.Close())
			_, err := d.Read(make([]byte, 1))
			require.Equal(t, io.EOF, err)
			time.Sleep(end)
			require.NoError(t, d.CloseWrite())
			time.Sleep(time.Second)
			reset := slices.ContainsFunc(slices.Collect(n.Trace()), func(e simnet.Event) bool { return e.Step == simnet.StepRST })
			assert.Equal(t, late, reset, end)
		})
	}
}

func TestConn_Abort(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		say(t, c, "read me")
		time.Sleep(time.Second)
		require.NoError(t, c.Abort())
		time.Sleep(time.Second)
		hear(t, d, "read me")
		for range 2 {
			_, err := d.Read(make([]byte, 1))
			fails(t, err, "read", syscall.ECONNRESET)
		}
		_, err := d.Write([]byte("x"))
		fails(t, err, "write", syscall.ECONNRESET)
	})
}

// What nobody has read makes Close a reset, and so does what comes after it.
func TestConn_CloseUnread(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		say(t, c, "unread")
		time.Sleep(time.Second)
		require.NoError(t, d.Close())
		time.Sleep(time.Second)
		_, err := c.Read(make([]byte, 1))
		fails(t, err, "read", syscall.ECONNRESET)

		c, d = pair(t, a, b)
		require.NoError(t, d.Close())
		time.Sleep(time.Second)
		say(t, c, "too late")
		time.Sleep(time.Second)
		_, err = c.Write([]byte("x"))
		fails(t, err, "write", syscall.EPIPE)
	})
}

// What comes once more because its ACK was lost is nothing new: it resets no conn that
// was closed, whose last words are still on their way.
func TestConn_CloseUnacknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := simnet.Link{Latency: 10 * time.Millisecond}
		n := network(t, simnet.Config{Link: link, MaxEvents: 1000})
		c, d := pair(t, host(t, n, "a"), host(t, n, "b"))
		time.Sleep(time.Second)
		require.NoError(t, n.SetLink("b", "a", simnet.Link{Down: true}))
		say(t, c, "question")
		hear(t, d, "question")
		time.Sleep(50 * time.Millisecond)
		say(t, d, "answer")
		require.NoError(t, d.Close())
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, n.SetLink("b", "a", link)) // the question is repeated first
		hear(t, c, "answer")
		_, err := c.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		require.NoError(t, c.Close())
		time.Sleep(time.Hour)
		for e := range n.Trace() {
			assert.NotEqual(t, simnet.StepRST, e.Step, e)
		}
	})
}

// Who has heard everything and is gone says so again when the last ACK was lost.
func TestConn_LastACKLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		link := simnet.Link{Latency: 10 * time.Millisecond}
		n := network(t, simnet.Config{Link: link, MaxEvents: 1000})
		c, d := pair(t, host(t, n, "a"), host(t, n, "b"))
		require.NoError(t, d.CloseWrite())
		_, err := c.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		time.Sleep(time.Second)
		require.NoError(t, n.SetLink("b", "a", simnet.Link{Down: true}))
		say(t, c, "last words")
		require.NoError(t, c.Close())
		hear(t, d, "last words")
		_, err = d.Read(make([]byte, 1))
		require.Equal(t, io.EOF, err)
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, n.SetLink("b", "a", link))
		time.Sleep(time.Hour)
		again := 0
		for e := range n.Trace() {
			assert.NotEqual(t, simnet.StepRST, e.Step, e)
			if e.Kind == simnet.KindRetransmit {
				again++
			}
		}
		assert.Equal(t, 2, again, "bytes and end, once")
	})
}

// A Write that comes while another finds out how bytes go now has its turn after it.
func TestConn_RelinkedWrites(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	c, _ := pair(t, host(t, n, "a"), host(t, n, "b"))
	require.NoError(t, n.SetLink("a", "b", simnet.Link{Down: true}))
	const writers = 8
	done := make(chan error, 1+writers)
	release := simnet.HoldJobs(n)
	go func() { done <- second(c.Write(nil)) }()
	for !simnet.Writing(c) {
		runtime.Gosched()
	}
	for range writers {
		go func() { done <- second(c.Write([]byte("x"))) }()
	}
	for range 10_000 {
		runtime.Gosched() // most of them wait now
	}
	release()
	for range 1 + writers {
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(time.Minute):
			t.Fatal("a Write waits for ever")
		}
	}
}

// A Write does not wait for room in a stream that has ended.
func TestConn_EndedDoesNotBlock(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, _ := pair(t, a, b)
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(time.Second)))
		_, err := c.Write(make([]byte, 4*simnet.DefaultBufferBytes))
		fails(t, err, "write", os.ErrDeadlineExceeded)
		require.NoError(t, c.SetWriteDeadline(time.Time{}))
		assert.True(t, simnet.Blocked(c))
		require.NoError(t, c.CloseWrite())
		assert.False(t, simnet.Blocked(c))
	})
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		first     time.Duration
		doublings int
		most      time.Duration
		want      time.Duration
	}{
		{time.Second, 0, time.Minute, time.Second},
		{time.Second, 3, time.Minute, 8 * time.Second},
		{time.Second, 6, time.Minute, time.Minute},
		{9 * time.Second, 1000, 10 * time.Second, 10 * time.Second},
		{time.Minute, 1000, math.MaxInt64 / 4, math.MaxInt64 / 4},
		{time.Hour, 0, time.Minute, time.Minute},
	} {
		assert.Equal(t, tt.want, simnet.Backoff(tt.first, tt.doublings, tt.most), "%v, %d times", tt.first, tt.doublings)
	}
}

// A Write waits when the buffer is full, and goes on when there is room.
func TestConn_Bounded(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		text := strings.Repeat("0123456789abcdef", 1<<16)
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(5*time.Second)))
		n, err := c.Write([]byte(text))
		fails(t, err, "write", os.ErrDeadlineExceeded)
		assert.GreaterOrEqual(t, n, simnet.DefaultBufferBytes)
		assert.LessOrEqual(t, n, 2*simnet.DefaultBufferBytes)
		require.NoError(t, c.SetWriteDeadline(time.Time{}))
		go func() {
			c.Write([]byte(text[n:]))
			c.Close()
		}()
		got, err := io.ReadAll(d)
		require.NoError(t, err)
		assert.True(t, string(got) == text, "%d bytes", len(got))
	})
}

func TestDial_Fails(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, _ *simnet.Host) {
		_, err := a.Dial(t.Context(), "b:9")
		fails(t, err, "dial", syscall.ECONNREFUSED)
		assert.ErrorIs(t, err, virtnet.ErrConnRefused)
		assert.EqualError(t, err, "dial tcp 10.0.0.2:9: connect: connection refused")
		var errno syscall.Errno
		assert.ErrorAs(t, err, &errno)
		_, err = a.Dial(t.Context(), "10.9.9.9:9")
		fails(t, err, "dial", syscall.EHOSTUNREACH)
		_, err = a.Dial(t.Context(), "nobody:9")
		fails(t, err, "dial", virtnet.ErrNoHost)
		var dns *net.DNSError
		require.ErrorAs(t, err, &dns)
		assert.True(t, dns.IsNotFound)
		_, err = a.Dial(t.Context(), "[2001:db8::1]:9")
		fails(t, err, "dial", syscall.ENETUNREACH)
		for _, network := range []string{"unix", "tcp5", "tcp46", ""} {
			_, err = a.Dialer().Dial(network, "b:9")
			fails(t, err, "dial", net.UnknownNetworkError(network))
		}
		_, err = a.Dialer().Dial("tcp6", "b:9")
		assert.EqualError(t, err, "dial tcp6: address b: no suitable address found")
	})
}

// A host that has no power does not answer, and its peers do not know.
func TestHost_Crash(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, b *simnet.Host) {
		l, err := b.Listen(":80")
		require.NoError(t, err)
		s, err := b.ListenPacket(":80")
		require.NoError(t, err)
		c, d := pair(t, a, b)
		e, _ := pair(t, a, b)
		say(t, c, "hello")
		hear(t, d, "hello")
		b.Crash()
		b.Crash()
		for _, err := range []error{
			second(l.Accept()), second(d.Read(make([]byte, 1))), second(d.Write(make([]byte, 1))),
			second(b.Dial(t.Context(), "a:1")), second(b.Listen(":81")), second(s.WriteTo(nil, s.LocalAddr())),
		} {
			assert.ErrorIs(t, err, virtnet.ErrHostDown)
		}
		begin := time.Now()
		_, err = a.Dial(t.Context(), "b:80")
		fails(t, err, "dial", syscall.ETIMEDOUT)
		assert.Equal(t, simnet.DefaultDialTimeout, time.Since(begin).Truncate(time.Second))

		say(t, c, "anybody there?")
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err = c.Read(make([]byte, 1))
		fails(t, err, "read", os.ErrDeadlineExceeded)
		require.NoError(t, c.SetReadDeadline(time.Time{}))
		begin = time.Now()
		_, err = c.Read(make([]byte, 1))
		fails(t, err, "read", syscall.ETIMEDOUT)
		assert.Less(t, time.Since(begin), simnet.DefaultWriteTimeout)

		b.Restart()
		b.Restart()
		say(t, e, "still there?")
		_, err = e.Read(make([]byte, 1))
		fails(t, err, "read", syscall.ECONNRESET)
		c, d = pair(t, a, b)
		say(t, c, "again")
		hear(t, d, "again")
	})
}

func second[T any](_ T, err error) error { return err }

func TestHost_Pause(t *testing.T) {
	both(t, func(t *testing.T, n *simnet.Network, a, b *simnet.Host) {
		c, d := pair(t, a, b)
		b.Pause()
		say(t, c, "later")
		require.NoError(t, d.SetReadDeadline(time.Now().Add(time.Second)))
		_, err := d.Read(make([]byte, 1))
		fails(t, err, "read", os.ErrDeadlineExceeded)
		require.NoError(t, d.SetReadDeadline(time.Time{}))
		b.Resume()
		hear(t, d, "later")
		b.SetSkew(time.Hour)
		assert.Equal(t, time.Hour, b.Now().Sub(a.Now()))
		assert.Same(t, b, n.Host("b"))
		assert.Len(t, n.Hosts(), 2)
	})
}

// Streams that went at once go on over a link that was made worse meanwhile.
func TestConn_Relinked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Order: simnet.OrderDirect})
		a, b := host(t, n, "a"), host(t, n, "b")
		c, d := pair(t, a, b)
		text := strings.Repeat("x", 3*simnet.DefaultBufferBytes)
		done := make(chan error)
		go func() {
			_, err := c.Write([]byte(text))
			done <- errors.Join(err, c.CloseWrite())
		}()
		synctest.Wait() // it waits, with the buffer full
		require.NoError(t, n.SetLink("a", "b", simnet.Link{Latency: time.Second}))
		say(t, d, "back")
		hear(t, c, "back")
		got, err := io.ReadAll(d)
		require.NoError(t, err)
		assert.Len(t, got, len(text))
		require.NoError(t, <-done)
		assert.GreaterOrEqual(t, n.Now(), 2*time.Second)
		require.NoError(t, d.Close())
		_, err = c.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
	})
}

// A conn that does nothing but end finds out how its bytes go now, as one that writes.
func TestConn_RelinkedEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Order: simnet.OrderDirect})
		a, b := host(t, n, "a"), host(t, n, "b")
		host(t, n, "elsewhere")
		c, d := pair(t, a, b)
		require.NoError(t, n.SetLink("a", "elsewhere", simnet.Link{Latency: time.Hour}))
		say(t, c, "still at once")
		hear(t, d, "still at once")
		assert.Zero(t, n.Now())
		require.NoError(t, n.SetLink("a", "b", simnet.Link{Latency: time.Second}))
		require.NoError(t, c.CloseWrite())
		_, err := d.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		assert.GreaterOrEqual(t, n.Now(), time.Second)

		c, d = pair(t, b, a)
		require.NoError(t, n.SetLink("b", "a", simnet.Link{Latency: time.Second}))
		begin := n.Now()
		require.NoError(t, c.Close())
		_, err = d.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		assert.GreaterOrEqual(t, n.Now()-begin, time.Second)
	})
}

// As many conns as the backlog has room for are there before they are accepted.
func TestListener_Backlog(t *testing.T) {
	for name, link := range map[string]simnet.Link{"direct": {}, "scheduled": {Latency: time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network(t, simnet.Config{Order: simnet.OrderDirect, Link: link, Backlog: 2, MaxEvents: 1000})
				a, b := host(t, n, "a"), host(t, n, "b")
				l, err := b.Listen(":80")
				require.NoError(t, err)
				for range 2 {
					_, err := a.Dial(t.Context(), "b:80")
					require.NoError(t, err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, err = a.Dial(ctx, "b:80")
				fails(t, err, "dial", context.DeadlineExceeded)
				var timeout net.Error
				require.ErrorAs(t, err, &timeout)
				assert.True(t, timeout.Timeout())
				_, err = a.Dial(t.Context(), "b:80")
				fails(t, err, "dial", syscall.ETIMEDOUT)

				done := make(chan error)
				go func() { done <- second(a.Dial(t.Context(), "b:80")) }()
				synctest.Wait()
				c, err := l.Accept()
				require.NoError(t, err)
				require.NoError(t, <-done)
				require.NoError(t, c.Close())
				go func() { done <- second(a.Dial(t.Context(), "b:80")) }()
				time.Sleep(100 * time.Millisecond)
				require.NoError(t, l.Close())
				fails(t, <-done, "dial", syscall.ECONNREFUSED)
				fails(t, second(l.Accept()), "accept", net.ErrClosed)
				fails(t, l.(*simnet.Listener).SetDeadline(time.Time{}), "set", net.ErrClosed)
			})
		})
	}
}

func TestListener_Deadline(t *testing.T) {
	both(t, func(t *testing.T, _ *simnet.Network, a, _ *simnet.Host) {
		l, err := a.Listen("")
		require.NoError(t, err)
		require.NoError(t, l.(*simnet.Listener).SetDeadline(time.Now().Add(time.Second)))
		fails(t, second(l.Accept()), "accept", os.ErrDeadlineExceeded)
	})
}

// An idle conn is a few hundred bytes, both ends and their places in tables included.
func TestConn_Memory(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	a, b := host(t, n, "a"), host(t, n, "b")
	l, err := b.Listen(":80")
	require.NoError(t, err)
	const pairs = 10_000
	conns := make([]net.Conn, 0, 2*pairs)
	before := heap()
	for range pairs {
		c, err := a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		d, err := l.Accept()
		require.NoError(t, err)
		conns = append(conns, c, d)
	}
	each := (heap() - before) / pairs
	t.Logf("%d bytes each", each)
	assert.Less(t, each, uint64(1024))
	runtime.KeepAlive(conns)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
