package listener_test

import (
	"context"
	"math"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

// pairs returns both ends of n conns.
func pairs(t *testing.T, l net.Listener, n int) (clients, servers []net.Conn) {
	t.Helper()
	for range n {
		client, server := pair(t, l)
		clients, servers = append(clients, client), append(servers, server)
	}
	return clients, servers
}

func TestTheSweeperEndsWithTheLastConn(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: time.Hour, MaxAge: 2 * time.Hour})
	assert.Equal(t, listener.Swept{}, listener.Sweeper(l), "it has nothing to do yet")
	_, servers := pairs(t, l, 10)
	assert.Equal(t, listener.Swept{Guards: 10, Armed: true}, listener.Sweeper(l))
	require.NoError(t, servers[0].Close())
	servers[0].Close()
	assert.Equal(t, listener.Swept{Guards: 9, Armed: true}, listener.Sweeper(l))
	require.NoError(t, l.Close())
	assert.Equal(t, listener.Swept{Guards: 9, Armed: true}, listener.Sweeper(l), "the bounds of open conns hold")
	for _, c := range servers[1:] {
		require.NoError(t, c.Close())
	}
	assert.Equal(t, listener.Swept{}, listener.Sweeper(l))
}

func TestBoundsHoldAfterClose(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: 100 * time.Millisecond})
	_, server := pair(t, l)
	require.NoError(t, l.Close())
	_, err := server.Read(make([]byte, 1))
	isCut(t, err, "IdleTimeout")
	require.NoError(t, l.(listener.Listener).Shutdown(t.Context()))
	assert.Equal(t, listener.Swept{}, listener.Sweeper(l))
}

func TestShutdownWaitsForTheSweeper(t *testing.T) {
	noLeak(t)
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: time.Hour})
	pairs(t, l, 10)
	require.ErrorIs(t, l.(listener.Listener).Shutdown(cancelled(t)), context.Canceled)
	assert.Equal(t, listener.Swept{}, listener.Sweeper(l))
}

// The hook holds up the conns for which it is called, and no others.
func TestASlowHookDelaysNoOtherCut(t *testing.T) {
	noLeak(t)
	const n = 3
	told, free := make(chan struct{}, n), make(chan struct{})
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: 50 * time.Millisecond, OnEvent: ends(func(listener.Event) {
		told <- struct{}{}
		<-free
	})})
	pairs(t, l, n)
	for range n {
		<-told
	}
	assert.Equal(t, int64(n), stats(l).CutIdle)
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	select {
	case <-closed:
		assert.Fail(t, "Close has not waited for the hook")
	case <-time.After(50 * time.Millisecond):
	}
	close(free)
	require.NoError(t, <-closed)
	assert.Equal(t, listener.Swept{}, listener.Sweeper(l))
}

func TestCutsAreBounded(t *testing.T) {
	noLeak(t)
	const n = listener.MaxCuts + 10
	var mu sync.Mutex
	now, most := 0, 0
	free := make(chan struct{})
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: 300 * time.Millisecond, OnEvent: ends(func(listener.Event) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-free
		mu.Lock()
		now--
		mu.Unlock()
	})})
	pairs(t, l, n)
	eventually(t, "as many as may be are cut", func() bool { return stats(l).CutIdle == listener.MaxCuts })
	close(free)
	eventually(t, "the others are too", func() bool { return stats(l).CutIdle == n && stats(l).Active == 0 })
	require.NoError(t, l.Close())
	assert.LessOrEqual(t, most, listener.MaxCuts)
	assert.Zero(t, now)
}

// A conn whose bare conn the application has closed is not looked at any more.
func TestNothingIsDueForABareConnThatIsClosed(t *testing.T) {
	l := open(t, &listener.Config{Address: "127.0.0.1:0", IdleTimeout: 50 * time.Millisecond})
	_, server := pair(t, l)
	closeBare(t, server)
	if runtime.GOOS == "linux" {
		eventually(t, "the sweeper has nothing to do", func() bool { return listener.Sweeper(l) == listener.Swept{} })
	} else {
		eventually(t, "it is cut", func() bool { return stats(l).CutIdle == 1 })
	}
	server.Close()
	assert.Zero(t, stats(l).Active)
}

// The longest times do not overflow into the past.
func TestTheLongestBounds(t *testing.T) {
	guarded(t, listener.Config{
		IdleTimeout: math.MaxInt64, MaxAge: math.MaxInt64, MinReceiveRate: 1, MinReceiveGrace: math.MaxInt64,
	}, func(t *testing.T, l net.Listener, client, server net.Conn, _ time.Time) {
		roundTripFrom(t, client, server)
		assert.Equal(t, listener.Swept{Guards: 1, Armed: true}, listener.Sweeper(l))
		assert.Equal(t, int64(1), stats(l).Active)
	})
}
