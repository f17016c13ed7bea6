package lonet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/strata-net/strata/virtnet/lonet"
)

// strangers adds conns that say nothing and returns their other ends.
func strangers(t *testing.T, p *lonet.Pending, count int) []net.Conn {
	t.Helper()
	var ends []net.Conn
	for range count {
		near, far := net.Pipe()
		p.Add(t.Context(), near)
		ends = append(ends, far)
	}
	return ends
}

// dropped reports whether a stranger's conn was closed: its other end knows.
func dropped(c net.Conn) bool {
	return errors.Is(c.SetDeadline(time.Time{}), io.ErrClosedPipe)
}

// TestPendingFull: the oldest goes for the next, but not before it has had its
// time.
func TestPendingFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p lonet.Pending
		ends := strangers(t, &p, lonet.MaxPending)
		since := time.Now()
		ends = append(ends, strangers(t, &p, 1)...)
		assert.Equal(t, lonet.MinPending, time.Since(since))
		assert.True(t, dropped(ends[0]))
		assert.False(t, dropped(ends[1]))
		strangers(t, &p, 1)
		assert.Less(t, time.Since(since), 2*lonet.MinPending, "the second has had its time as well")
		assert.True(t, dropped(ends[1]))
		p.Close()
		for _, c := range ends {
			assert.True(t, dropped(c))
		}
	})
}

// TestPendingTimeout: each has the same time, and one timer is enough for all.
func TestPendingTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p lonet.Pending
		ends := strangers(t, &p, 2)
		time.Sleep(lonet.HandshakeTimeout() / 2)
		late := strangers(t, &p, 1)
		time.Sleep(lonet.HandshakeTimeout()/2 + time.Millisecond)
		assert.True(t, dropped(ends[0]) && dropped(ends[1]))
		assert.False(t, dropped(late[0]))
		time.Sleep(lonet.HandshakeTimeout() / 2)
		assert.True(t, dropped(late[0]))
		p.Close()
	})
}

// TestPendingClosed: who comes while the network goes down is not kept, and who
// waits for a place waits no longer.
func TestPendingClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p lonet.Pending
		strangers(t, &p, lonet.MaxPending)
		ctx, cancel := context.WithCancel(t.Context())
		near, far := net.Pipe()
		since := time.Now()
		time.AfterFunc(lonet.MinPending/2, cancel)
		p.Add(ctx, near)
		assert.Equal(t, lonet.MinPending/2, time.Since(since))
		assert.True(t, dropped(far))
		p.Close()
	})
}
