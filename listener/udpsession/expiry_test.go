package udpsession_test

import (
	"math"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/listener/udpsession"
)

func TestIdleSessionsExpire(t *testing.T) {
	noLeak(t)
	const idle = 2 * time.Second // in which the test gets to its Read
	events := new(recorder)
	l := open(t, udpsession.Config{IdleTimeout: idle, OnEvent: events.add})
	begun := time.Now()
	client, session := pair(t, l)
	_, waiting := pair(t, l)
	send(t, dial(t, l), "never accepted")
	_, err := waiting.Read(make([]byte, 9)) // ends it
	assert.ErrorIs(t, err, udpsession.ErrIdle)
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.False(t, err.(net.Error).Timeout()) // it would look like a deadline
	assert.GreaterOrEqual(t, time.Since(begun), idle)
	await(t, "all expired", func() bool { s := l.Stats(); return s.Active == 0 && s.Ended.Idle == 3 })
	_, err = session.Write([]byte("late"))
	assert.ErrorIs(t, err, udpsession.ErrIdle)

	s := l.Stats()
	assert.Zero(t, s.Pending)
	assert.Zero(t, s.QueuedBytes)
	await(t, "events", func() bool { return len(events.all()) == 6 })
	send(t, client, "again")
	assert.Equal(t, "again", receive(t, accept(t, l)))
}

func TestTrafficMovesTheIdleTimeout(t *testing.T) {
	// Under load a pause can be longer than meant: then the try proves nothing.
	for idle := 500 * time.Millisecond; ; idle *= 3 {
		require.Less(t, idle, patience, "this machine is too busy")
		l := open(t, udpsession.Config{IdleTimeout: idle})
		in, inSession := pair(t, l)
		_, outSession := pair(t, l)
		begun, longest := time.Now(), time.Duration(0)
		for last := begun; time.Since(begun) < 3*idle; {
			time.Sleep(idle / 20)
			in.Write([]byte("in"))
			outSession.Write([]byte("out"))
			inSession.SetReadDeadline(time.Now().Add(idle / 20))
			inSession.Read(make([]byte, 9))
			longest = max(longest, time.Since(last))
			last = time.Now()
		}
		if longest > idle/2 {
			l.Close()
			continue
		}
		assert.Zero(t, l.Stats().Ended.Idle)
		assert.Equal(t, 2, l.Stats().Active)
		return
	}
}

// Else a peer could keep a session for ever that nobody reads.
func TestDroppedDatagramsDoNotMoveIt(t *testing.T) {
	l := open(t, udpsession.Config{IdleTimeout: time.Second, Queue: 1})
	client := dial(t, l)
	send(t, client, "queued")
	session := accept(t, l)
	for end := time.Now().Add(patience); l.Stats().Ended.Idle == 0; time.Sleep(5 * time.Millisecond) {
		require.True(t, time.Now().Before(end))
		client.Write([]byte("dropped"))
	}
	assert.NotZero(t, l.Stats().Dropped.Queue)
	_, err := session.Read(make([]byte, 9))
	assert.ErrorIs(t, err, udpsession.ErrIdle)
}

// The time that a hook takes does not age the sessions whose datagrams come next in
// the batch.
func TestASlowHookAgesNobody(t *testing.T) {
	first, second := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")
	var l *udpsession.Listener
	var told int64
	l = open(t, udpsession.Config{OnEvent: func(e udpsession.Event) {
		if e.Kind == udpsession.EventCreated && e.Peer == second {
			for began := udpsession.Now(l); told <= began; told = udpsession.Now(l) {
				runtime.Gosched()
			}
		}
	}})
	udpsession.Deliver(l, udpbatch.Message{Addr: first})
	session := accept(t, l)
	udpsession.Deliver(l, udpbatch.Message{Addr: second}, udpbatch.Message{Addr: first})
	require.Positive(t, told)
	assert.GreaterOrEqual(t, udpsession.Used(session), told)
}

func TestMaxAge(t *testing.T) {
	const age = time.Second
	l := open(t, udpsession.Config{MaxAge: age})
	begun := time.Now()
	client, session := pair(t, l)
	var group sync.WaitGroup
	group.Go(func() {
		for {
			if _, err := session.Write([]byte("busy")); err != nil {
				assert.ErrorIs(t, err, udpsession.ErrAged)
				return
			}
			time.Sleep(time.Millisecond)
		}
	})
	for {
		if _, err := session.Read(make([]byte, 9)); err != nil {
			assert.ErrorIs(t, err, udpsession.ErrAged)
			break
		}
		client.Write([]byte("busy"))
	}
	group.Wait()
	assert.GreaterOrEqual(t, time.Since(begun), age)
	assert.EqualValues(t, 1, l.Stats().Ended.Aged)
}

// A crowd expires in groups, and all of it.
func TestACrowdExpires(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{IdleTimeout: 500 * time.Millisecond})
	clients := make([]net.Conn, 600)
	for i := range clients {
		clients[i] = dial(t, l)
	}
	for i, c := range clients { // in groups that the socket's buffer holds
		send(t, c, "x")
		if (i+1)%50 == 0 {
			await(t, "all came", func() bool { return l.Stats().Created == uint64(i+1) })
		}
	}
	await(t, "all expired", func() bool { return l.Stats().Ended.Idle == uint64(len(clients)) })
	assert.Zero(t, l.Stats().Active)
}

// The longest times do not overflow into the past.
func TestTheLongestTimes(t *testing.T) {
	l := open(t, udpsession.Config{IdleTimeout: math.MaxInt64, MaxAge: math.MaxInt64})
	client, session := pair(t, l)
	for range 3 { // the sweeper looks at least once
		send(t, client, "hello")
		assert.Equal(t, "hello", receive(t, session))
		time.Sleep(time.Millisecond)
	}
	s := l.Stats()
	assert.Equal(t, 1, s.Active)
	assert.Zero(t, s.Ended.Idle+s.Ended.Aged)
}
