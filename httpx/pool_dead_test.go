package httpx_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/httpx"
)

// A dead address is left alone while others work, and used when it works again.
func TestPoolDeadAddress(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 3, nil, nil)
			f.servers[1].stop()
			p := f.pool(t, httpx.PoolConfig{FallbackDelay: 10 * time.Second, MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond})
			for range 30 {
				_, _, err := get(t, p, f.url("/"))
				require.NoError(t, err)
			}
			assert.Zero(t, f.servers[1].hits.Load())
			dead := address(t, p, 1)
			assert.Equal(t, httpx.PoolDown, dead.State)
			assert.Positive(t, dead.Failures)
			require.ErrorIs(t, dead.Err, errRefused)
			assert.Contains(t, dead.Err.Error(), dead.Addr.String()+" for "+poolName)

			again := f.startAt(t, dead.Addr.Addr())
			eventually(t, "the address is used again", func() bool {
				_, _, err := get(t, p, f.url("/"))
				require.NoError(t, err)
				return again.hits.Load() > 0
			})
			dead = address(t, p, 1)
			assert.Equal(t, httpx.PoolUp, dead.State)
			assert.NoError(t, dead.Err)
			assert.Zero(t, dead.Failures)
		})
	}
}

// A blackHole is a dialer that waits at some addresses until it is told not to.
type blackHole struct {
	addr       netip.Addr
	dials, now atomic.Int64
	most       atomic.Int64
}

func (b *blackHole) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if netip.MustParseAddrPort(address).Addr() != b.addr {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	b.dials.Add(1)
	if n := b.now.Add(1); n > b.most.Load() {
		b.most.Store(n)
	}
	defer b.now.Add(-1)
	<-ctx.Done()
	return nil, ctx.Err()
}

// An address that does not answer costs one request a short delay; then one dial at a time tries it.
func TestPoolBlackHole(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 3, nil, nil)
	hole := &blackHole{addr: f.servers[0].addr.Addr()}
	transport := f.transport()
	transport.DialContext = hole.dial
	p := f.pool(t, httpx.PoolConfig{
		Transport: transport, FallbackDelay: 20 * time.Millisecond, DialTimeout: time.Second,
		MinBackoff: time.Millisecond, MaxBackoff: 2 * time.Millisecond,
	})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				_, _, err := get(t, p, f.url("/"))
				assert.NoError(t, err)
				time.Sleep(time.Millisecond)
			}
		})
	}
	group.Wait()
	requests := int64(800)
	eventually(t, "it is tried again", func() bool {
		requests++
		_, _, err := get(t, p, f.url("/"))
		require.NoError(t, err)
		return hole.dials.Load() > 1
	})
	assert.Equal(t, int64(1), hole.most.Load(), "dials at the same time")
	assert.Equal(t, requests, f.servers[1].hits.Load()+f.servers[2].hits.Load())
	eventually(t, "the dial timed out", func() bool {
		var timeout interface{ Timeout() bool }
		return errors.As(address(t, p, 0).Err, &timeout) && timeout.Timeout()
	})
}

// When all are down, requests fail soon, and the first that works again is found at once.
func TestPoolAllDown(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 2, nil, nil)
	for _, s := range f.servers {
		s.stop()
	}
	var dials atomic.Int64
	transport := f.transport()
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	p := f.pool(t, httpx.PoolConfig{Transport: transport, FallbackDelay: time.Minute, MinBackoff: time.Hour, MaxBackoff: time.Hour, MaxAttempts: 4})
	_, _, err := get(t, p, f.url("/"))
	require.ErrorIs(t, err, errRefused)
	for _, s := range f.servers {
		assert.ErrorContains(t, err, s.addr.String())
	}
	assert.Equal(t, int64(4), dials.Load())
	for i := range f.servers {
		a := address(t, p, i)
		assert.Positive(t, a.Failures, "each was tried")
		assert.WithinRange(t, a.NextTry, time.Now().Add(29*time.Minute), time.Now().Add(time.Hour))
	}

	f.startAt(t, f.servers[0].addr.Addr())
	_, _, err = get(t, p, f.url("/"))
	require.NoError(t, err, "it rests, but there is nothing better")
}

func TestPoolAllDownForMany(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	f.servers[0].stop()
	p := f.pool(t, httpx.PoolConfig{})
	var group sync.WaitGroup
	for range 32 {
		group.Go(func() {
			_, _, err := get(t, p, f.url("/"))
			assert.ErrorIs(t, err, errRefused)
		})
	}
	group.Wait()
}

// A server that accepts and hangs up is a dead one.
func TestPoolHangsUp(t *testing.T) {
	for _, kind := range poolKinds {
		t.Run(kind.name, func(t *testing.T) {
			noLeak(t)
			f := newFleet(t, kind, 2, nil, nil)
			bad := f.servers[0]
			bad.stop()
			l, err := net.Listen("tcp", bad.addr.String())
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					c.Close()
				}
			}()
			defer func() { l.Close(); <-done }()
			p := f.pool(t, httpx.PoolConfig{Lookup: fixedLookup(bad.addr.Addr()), FallbackDelay: 10 * time.Second})
			_, _, err = get(t, p, f.url("/"))
			require.Error(t, err)
			assert.Equal(t, httpx.PoolDown, address(t, p, 0).State)
			// One failure is enough for it to be left alone as long as this takes.
			p = f.pool(t, httpx.PoolConfig{FallbackDelay: time.Minute, MaxAttempts: 10, MinBackoff: time.Hour})
			var wrong int
			for range 20 {
				// What was sent on the conn when it ended must not be sent again.
				if _, _, err := get(t, p, f.url("/")); err != nil {
					wrong++
				}
			}
			assert.LessOrEqual(t, wrong, 2)
			assert.GreaterOrEqual(t, f.servers[1].hits.Load(), int64(18))
		})
	}
}

// The bodies of requests that are never sent are closed.
func TestPoolClosesUnsentBodies(t *testing.T) {
	noLeak(t)
	f := newFleet(t, poolH1, 1, nil, nil)
	f.servers[0].stop()
	p := f.pool(t, httpx.PoolConfig{})
	for _, url := range []string{f.url("/"), "ftp://pool.test/", "http://pool.test:99999/"} {
		body := track("x")
		_, err := p.RoundTrip(request(t, http.MethodPost, url, body))
		require.Error(t, err)
		assert.Equal(t, int64(1), body.closed.Load(), url)
	}
}
