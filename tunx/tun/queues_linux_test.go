package tun_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx"
	"github.com/strata-net/strata/tunx/internal/lab"
	"github.com/strata-net/strata/tunx/tun"
)

// TestQueues: several flows use several queues, each with a reader.
func TestQueues(t *testing.T) {
	lab.NoLeak(t)
	p := newPair(t, tun.Config{Queues: 4})
	var used [4]atomic.Int64
	for i := range p.devices {
		from, to := p.devices[i].Queues(), p.devices[1-i].Queues()
		require.Len(t, from, 4)
		for q := range from {
			p.group.Go(func() {
				move(from[q].(tunx.OffloadDevice), to[q].(tunx.OffloadDevice), i, func(int, int, tunx.Offload) { used[q].Add(1) })
			})
		}
	}
	several := func() (n int) {
		for q := range used {
			if used[q].Load() > 10 {
				n++
			}
		}
		return n
	}
	for i := 0; i < 64 && several() < 2; i++ {
		p.transfer(t, i%2, fmt.Sprintf("10.9.0.%d:0", 2-i%2), 256<<10)
	}
	assert.Greater(t, several(), 1)
}

// TestQueuesAsOne: the device itself reads whichever queue has something, and loses no
// wake-up.
func TestQueuesAsOne(t *testing.T) {
	lab.NoLeak(t)
	p := newPair(t, tun.Config{Queues: 4})
	plain := tunx.IPDevice(p.devices[1])
	p.group.Go(func() { move(p.devices[0], p.devices[1], 0, nil) })
	p.group.Go(func() {
		for b := make([]byte, 1500); ; {
			n, err := plain.Read(b)
			if err != nil {
				return
			}
			_, _ = p.devices[0].Write(b[:n])
		}
	})
	for i := range 16 {
		p.transfer(t, i%2, fmt.Sprintf("[fd09::%d]:0", 2-i%2), 256<<10)
	}
}

// TestSharedQueues: the queues of one interface may be opened by several programs.
func TestSharedQueues(t *testing.T) {
	lab.NoLeak(t)
	first, s := solo(t, tun.Config{Name: "shared", Queues: 2})
	second := open(t, &tun.Config{Name: "shared", Queues: 2, Netns: s.Path()})
	assert.Equal(t, first.Name(), second.Name())
	require.NoError(t, first.Close())
	_, err := second.Write(ping(1))
	require.NoError(t, err)
	n, err := second.Read(make([]byte, 1500))
	require.NoError(t, err)
	assert.Equal(t, 29, n)
}
