package udpsession_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
)

func TestSessionsAreApart(t *testing.T) {
	noLeak(t)
	for _, address := range []string{"127.0.0.1:0", "udp://127.0.0.1:0", "udp4://127.0.0.1:0", "udp6://[::1]:0"} {
		l := open(t, udpsession.Config{Address: address})
		a, as := pair(t, l)
		b, bs := pair(t, l)
		send(t, a, "from a")
		send(t, b, "from b")
		assert.Equal(t, "from a", receive(t, as))
		assert.Equal(t, "from b", receive(t, bs))
		send(t, bs, "to b")
		send(t, as, "to a")
		assert.Equal(t, "to a", receive(t, a))
		assert.Equal(t, "to b", receive(t, b))
		for client, session := range map[net.Conn]net.Conn{a: as, b: bs} {
			assert.Equal(t, client.LocalAddr(), session.RemoteAddr())
			assert.Equal(t, client.RemoteAddr(), session.LocalAddr())
			assert.Equal(t, l.Addr(), session.LocalAddr())
		}
		assert.NoError(t, l.Close())
	}
}

func TestADatagramARead(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	sent := []string{"a", "", strings.Repeat("b", 100), strings.Repeat("c", 1400), strings.Repeat("d", 65507), "e"}
	for _, text := range sent {
		send(t, client, text)
	}
	for _, text := range sent {
		assert.Equal(t, text, receive(t, session))
	}
	for _, text := range sent {
		send(t, session, text)
		assert.Equal(t, text, receive(t, client))
	}
	s := l.Stats()
	assert.EqualValues(t, len(sent)+1, s.Received)
	assert.EqualValues(t, len(sent), s.Sent)
	assert.Zero(t, s.QueuedBytes)
}

func TestAShortBufferCutsTheDatagram(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	send(t, client, "hello")
	send(t, client, "next")
	buf := make([]byte, 3)
	n, err := session.Read(buf)
	assert.NoError(t, err)
	assert.Equal(t, "hel", string(buf[:n]))
	n, err = session.Read(nil)
	assert.NoError(t, err)
	assert.Zero(t, n)
	nothing(t, session)
	assert.EqualValues(t, 2, l.Stats().Cut)
}

func TestADatagramTooLong(t *testing.T) {
	_, session := pair(t, open(t, udpsession.Config{}))
	n, err := session.Write(make([]byte, 1<<16))
	assert.Zero(t, n)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, "write", op.Op)
	assert.Equal(t, session.RemoteAddr(), op.Addr)
	assert.NotContains(t, err.Error(), "udpbatch")
	assert.ErrorIs(t, err, errTooLong)
	assert.NotErrorIs(t, err, net.ErrClosed)
	send(t, session, "still there")
}

func TestWriteBatch(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	var batch [][]byte
	for i := range 150 {
		batch = append(batch, fmt.Appendf(nil, "%0*d", 3+i%2, i))
	}
	n, err := session.WriteBatch(batch)
	assert.NoError(t, err)
	assert.Equal(t, len(batch), n)
	for i := range batch {
		assert.Equal(t, string(batch[i]), receive(t, client))
	}
	n, err = session.WriteBatch(nil)
	assert.NoError(t, err)
	assert.Zero(t, n)
	n, err = session.WriteBatch([][]byte{[]byte("a"), []byte("b"), make([]byte, 1<<16), []byte("c")})
	assert.ErrorIs(t, err, errTooLong)
	assert.Equal(t, 2, n)
	assert.Equal(t, "a", receive(t, client))
	assert.Equal(t, "b", receive(t, client))
	assert.EqualValues(t, len(batch)+2, l.Stats().Sent)
	require.NoError(t, session.Close())
	n, err = session.WriteBatch(batch)
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.Zero(t, n)
}

func TestCloseOfASession(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	send(t, client, "never read")
	await(t, "queued", func() bool { return l.Stats().QueuedBytes > 0 })
	assert.NoError(t, session.Close())
	assert.Zero(t, l.Stats().QueuedBytes)
	assert.Zero(t, l.Stats().Active)
	assert.EqualValues(t, 1, l.Stats().Ended.Closed)

	for name, err := range map[string]error{
		"close":    session.Close(),
		"read":     second(session.Read(make([]byte, 9))),
		"write":    second(session.Write([]byte("late"))),
		"deadline": session.SetDeadline(time.Now()),
	} {
		var op *net.OpError
		require.ErrorAs(t, err, &op, name)
		assert.ErrorIs(t, err, net.ErrClosed, name)
		assert.False(t, op.Timeout(), name)
		assert.NotErrorIs(t, err, udpsession.ErrIdle, name)
	}

	send(t, client, "again") // makes a new one
	next := accept(t, l)
	assert.Equal(t, "again", receive(t, next))
	assert.Equal(t, session.RemoteAddr(), next.RemoteAddr())
}

func second(_ int, err error) error { return err }

func TestCloseWakesAllReads(t *testing.T) {
	noLeak(t)
	for name, end := range map[string]func(*udpsession.Listener, *udpsession.Conn) error{
		"of the session":  func(_ *udpsession.Listener, c *udpsession.Conn) error { return c.Close() },
		"of the listener": func(l *udpsession.Listener, _ *udpsession.Conn) error { return l.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t, udpsession.Config{})
			_, session := pair(t, l)
			var group sync.WaitGroup
			for range 5 {
				group.Go(func() {
					_, err := session.Read(make([]byte, 9))
					assert.ErrorIs(t, err, net.ErrClosed)
				})
			}
			await(t, "all wait", func() bool { return udpsession.Waiting(session) == 5 })
			assert.NoError(t, end(l, session))
			group.Wait()
		})
	}
}

func TestADatagramForEachRead(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	var group sync.WaitGroup
	var mu sync.Mutex
	got := map[string]bool{}
	for range 8 {
		group.Go(func() {
			text := receive(t, session)
			mu.Lock()
			got[text] = true
			mu.Unlock()
		})
	}
	for i := range 8 {
		send(t, client, fmt.Sprint(i))
	}
	group.Wait()
	assert.Len(t, got, 8)
}

func TestDeadlines(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	buf := make([]byte, 9)
	timeout := func(err error) {
		t.Helper()
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		ne, ok := err.(net.Error)
		require.True(t, ok)
		assert.True(t, ne.Timeout())
	}

	send(t, client, "waits")
	await(t, "queued", func() bool { return l.Stats().QueuedBytes > 0 })
	for _, past := range []time.Time{time.Unix(1, 0), time.Now().Add(-time.Hour), time.Now()} {
		require.NoError(t, session.SetDeadline(past))
		timeout(second(session.Read(buf))) // also if there is a datagram
		timeout(second(session.Write([]byte("late"))))
		timeout(second(session.WriteBatch([][]byte{[]byte("late")})))
	}
	require.NoError(t, session.SetWriteDeadline(time.Time{}))
	timeout(second(session.Read(buf)))
	send(t, session, "in time")
	assert.Equal(t, "in time", receive(t, client))

	for _, far := range []time.Time{{}, time.Now().Add(time.Hour), time.Unix(1<<40, 0)} {
		require.NoError(t, session.SetReadDeadline(far))
		send(t, client, "in time")
		n, err := session.Read(buf)
		require.NoError(t, err)
		assert.NotZero(t, n)
		require.NoError(t, session.SetWriteDeadline(far))
		send(t, session, "in time")
	}
}

func TestADeadlineWakesAllReads(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	_, session := pair(t, l)
	for name, deadline := range map[string]func() time.Time{
		"past":   func() time.Time { return time.Now().Add(-time.Second) },
		"future": func() time.Time { return time.Now().Add(20 * time.Millisecond) },
	} {
		require.NoError(t, session.SetReadDeadline(time.Now().Add(time.Hour)))
		begun := time.Now()
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() {
				_, err := session.Read(make([]byte, 9))
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded, name)
			})
		}
		await(t, "all wait", func() bool { return udpsession.Waiting(session) == 5 })
		at := deadline()
		require.NoError(t, session.SetReadDeadline(at))
		group.Wait()
		assert.False(t, time.Now().Before(at), name)
		assert.Less(t, time.Since(begun), time.Hour, name)
	}
}

func TestADeadlineThatIsMovedInTime(t *testing.T) {
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	for limit := 50 * time.Millisecond; ; limit *= 5 {
		first := time.Now().Add(limit)
		require.NoError(t, session.SetReadDeadline(first))
		got := make(chan string, 1)
		go func() {
			buf := make([]byte, 9)
			n, err := session.Read(buf)
			got <- fmt.Sprint(string(buf[:n]), " ", err)
		}()
		await(t, "it waits", func() bool { return udpsession.Waiting(session) == 1 || len(got) == 1 })
		require.NoError(t, session.SetReadDeadline(time.Time{}))
		if !time.Now().Before(first) { // that was not in time
			require.Less(t, limit, patience)
			send(t, client, "hello")
			if strings.HasPrefix(<-got, "hello") {
				continue
			}
			assert.Equal(t, "hello", receive(t, session))
			continue
		}
		time.Sleep(2 * limit) // past the first deadline
		send(t, client, "hello")
		assert.Equal(t, "hello <nil>", <-got)
		return
	}
}

// What nettest.TestConn asks of concurrent calls, for datagrams.
func TestConcurrentUse(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	client, session := pair(t, l)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() { session.Read(make([]byte, 64)) })
		group.Go(func() { session.Write(bytes.Repeat([]byte{byte(i)}, 64)) })
		group.Go(func() { session.WriteBatch([][]byte{{1}, {2}}) })
		group.Go(func() { session.SetDeadline(time.Now().Add(10 * time.Millisecond)) })
		group.Go(func() { session.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) })
		group.Go(func() { session.SetWriteDeadline(time.Now().Add(5 * time.Millisecond)) })
		group.Go(func() { assert.NotNil(t, session.LocalAddr()) })
		group.Go(func() { assert.NotNil(t, session.RemoteAddr()) })
		group.Go(func() { l.Stats() })
		group.Go(func() { client.Write([]byte("noise")) })
	}
	group.Wait()
	require.NoError(t, session.SetDeadline(time.Time{}))
	send(t, session, "done")
}
