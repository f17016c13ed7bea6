package netstack_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

func TestNotify(t *testing.T) {
	one, two := stacks(t)
	c, s := connected(t, one, two, families[0])
	got := make(chan netstack.EventMask, 100)
	var stop func()
	ready := make(chan struct{})
	stop = s.Notify(netstack.EventIn, func(m netstack.EventMask) {
		<-ready
		_, err := s.Read(make([]byte, 100), nil) // any method may be called
		assert.NoError(t, err)
		got <- m
		stop() // this one, too
	})
	close(ready)
	write(t, c, "one")
	require.Equal(t, netstack.EventIn, <-got)
	write(t, c, "two")
	await(t, s, netstack.EventIn)
	require.Empty(t, got, "nothing after stop")
	stop()

	stop = s.Notify(netstack.EventIn, func(m netstack.EventMask) { got <- m })
	require.Equal(t, netstack.EventIn, <-got, "what there is already")
	stop()
	stop = s.Notify(0, func(m netstack.EventMask) { t.Error(m) })
	require.NoError(t, s.Abort())
	stop()
}

// TestNotifyOneAtATime adds events while f runs.
func TestNotifyOneAtATime(t *testing.T) {
	one, two := stacks(t)
	c, s := connected(t, one, two, families[0])
	var running, calls atomic.Int32
	end := make(chan struct{})
	ended := sync.OnceFunc(func() { close(end) }) // told more than once, maybe
	stop := s.Notify(netstack.EventIn|netstack.EventHUp, func(m netstack.EventMask) {
		assert.Equal(t, int32(1), running.Add(1))
		defer running.Add(-1)
		calls.Add(1)
		for {
			if _, err := s.Read(make([]byte, 10), nil); err != nil {
				break
			}
		}
		if m&netstack.EventHUp != 0 {
			ended()
		}
	})
	for range 1000 {
		_, err := c.Write([]byte("x"), nil)
		require.NoError(t, err)
	}
	require.NoError(t, c.Abort())
	<-end
	stop()
	assert.Positive(t, calls.Load())
}

func TestReadiness(t *testing.T) {
	one, two := stacks(t)
	all := netstack.EventIn | netstack.EventOut | netstack.EventErr | netstack.EventHUp
	e := newEndpoint(t, one, netstack.TCP, netstack.IPv4)
	assert.Equal(t, netstack.EventHUp, e.Readiness(0), "is told always")
	c, s := connected(t, one, two, families[0])
	assert.Equal(t, netstack.EventOut, c.Readiness(all))
	assert.Zero(t, c.Readiness(netstack.EventIn))
	write(t, s, "x")
	await(t, c, netstack.EventIn)
	assert.Equal(t, netstack.EventIn|netstack.EventOut, c.Readiness(all))

	u := newEndpoint(t, one, netstack.UDP, netstack.IPv4)
	require.NoError(t, u.Connect(netstack.FullAddress{Addr: families[0].two, Port: 9}))
	assert.Equal(t, netstack.EventOut, u.Readiness(all))
	write(t, u, "nobody is there")
	await(t, u, netstack.EventErr)
	var o netstack.ErrorOption
	require.NoError(t, u.GetSockOpt(&o))
	require.ErrorIs(t, o.Err, netstack.ErrConnectionRefused)
	require.NoError(t, u.GetSockOpt(&o))
	require.NoError(t, o.Err, "cleared")
}
