package quicx_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/quicx"
)

// handshakeBytes is what a handshake in progress may cost, with its goroutines.
// Those of Windows have larger stacks.
var handshakeBytes = func() int {
	const unit = raceFactor * 64 << 10
	if runtime.GOOS == "windows" {
		return unit + unit/4
	}
	return unit
}()

// memory is what the process holds of heap and stacks.
func memory() int64 {
	runtime.GC()
	runtime.GC() // what the first one has finalized, and the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// What a client can make the listener hold with one packet.
func TestListener_HandshakeMemory(t *testing.T) {
	noLeak(t)
	const n = 500
	l := listen(t, &quicx.ListenConfig{Retry: quicx.RetryNever, HandshakeTimeout: time.Minute})
	flood(t, l.Addr(), 10) // what exists once
	before := memory()
	flood(t, l.Addr(), n)
	eventually(t, "they are in progress", func() bool { return l.Stats().Pending >= n })
	each := (memory() - before) / n
	t.Logf("%d bytes for each handshake in progress", each)
	assert.Less(t, each, int64(handshakeBytes))
	require.NoError(t, l.Close())
}

// First packets from 10,000 addresses that nobody has: the memory is bounded by
// what needs no Retry, and a client that has just come is served.
func TestListener_Flood(t *testing.T) {
	noLeak(t)
	for _, policy := range []quicx.RetryPolicy{quicx.RetryUnderLoad, quicx.RetryAlways} {
		t.Run(policy.String(), func(t *testing.T) {
			l := listen(t, &quicx.ListenConfig{
				Retry: policy, MaxConns: 2000, MaxConnsPerSource: 10, HandshakeTimeout: time.Minute,
			})
			serve(t, l)
			c := newClient(t, "127.0.0.1:0")
			c.quic.HandshakeIdleTimeout = 30 * time.Second // it repeats what was dropped
			visit := func(text string) {
				conn, err := c.dial(t, l.Addr())
				require.NoError(t, err)
				echo(t, conn, text)
				require.NoError(t, conn.CloseWithError(0, ""))
			}
			visit("before")
			before := memory()
			done := make(chan struct{})
			go func() {
				defer close(done)
				assert.NoError(t, spoof(l.Addr(), 10_000))
			}()
			served := 0
			for flooding := true; flooding; served++ {
				visit("meanwhile")
				select {
				case <-done:
					flooding = false
				default:
				}
			}
			eventually(t, "the last client is gone", func() bool { s := l.Stats(); return s.Active == s.Pending })
			after := memory()
			s := l.Stats()
			t.Logf("%d clients served meanwhile; %d KiB more; %+v", served, (after-before)/1024, s)
			const most = quicx.DefaultMaxHandshakes / 4
			assert.LessOrEqual(t, s.Unvalidated, int64(most))
			assert.Less(t, after-before, int64(most*handshakeBytes+8<<20))
			if policy == quicx.RetryAlways {
				assert.Zero(t, s.Unvalidated)
			}
			visit("after")
			assert.Zero(t, s.RefusedBySource+s.RefusedByLimit+s.RefusedByHandshakes)
		})
	}
}
