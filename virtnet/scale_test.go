package virtnet_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

// A dialler makes conns at once, whose other end nobody reads.
func dialler(t *testing.T) (*virtnet.Host, func()) {
	n, sub := newNetwork()
	n.dial = func(_ context.Context, _, dst *virtnet.Addr) (net.Conn, *virtnet.Addr, error) {
		return failingConn{}, dst, nil // closes without an error
	}
	h := newHost(t, sub, "α")
	return h, func() { require.NoError(t, sub.Close()) }
}

// What a dial costs does not depend on how many conns are open. The work is that of
// package port, whose tests count words; here it is allocations, which a table that
// is walked or copied would show.
func TestDialCost(t *testing.T) {
	h, end := dialler(t)
	defer end()
	cost := func() float64 {
		return testing.AllocsPerRun(200, func() {
			c, err := h.Dial(t.Context(), "β:1")
			if err == nil {
				err = c.Close()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	few := cost()
	for range manyConns {
		if _, err := h.Dial(t.Context(), "β:1"); err != nil {
			t.Fatal(err)
		}
	}
	assert.InDelta(t, few, cost(), 1)
	c, err := h.Dial(t.Context(), "β:1")
	require.NoError(t, err)
	assert.Equal(t, manyConns+1, c.LocalAddr().(*virtnet.Addr).Port)
	// Such a port, maybe beyond TCP's, can be listened on, and dialled.
	require.NoError(t, c.Close())
	l := listen(t, h, c.LocalAddr().String())
	assert.Equal(t, c.LocalAddr(), l.Addr())
	_, err = h.Dial(t.Context(), l.Addr().String())
	assert.NoError(t, err)
}

// A port far away costs nothing, and is nobody's first.
func TestFarPort(t *testing.T) {
	h := pipenet.New("t").Host("α")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := listen(t, h, ":50000000")
	assert.Equal(t, address("α:1"), listen(t, h, "").Addr())
	runtime.ReadMemStats(&after)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<10))
	dialled, accepted := connect(t, h, l)
	roundTrip(t, dialled, accepted)
	assert.Equal(t, "α:50000000", l.Addr().String())
	assert.Equal(t, "α:3", accepted.LocalAddr().String())
	require.NoError(t, h.Close())
}

// An idle conn has no goroutine.
func TestIdleConns(t *testing.T) {
	b := newBench(t)
	before := runtime.NumGoroutine()
	for range 1000 {
		pair(t, b)
	}
	var now int
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if now = runtime.NumGoroutine(); now <= before {
			return
		}
	}
	assert.Failf(t, "goroutines", "%d, before: %d", now, before)
}

// What is closed leaves nothing: the first ports are free again.
func TestHoles(t *testing.T) {
	b := newBench(t)
	var conns []net.Conn
	for range 5000 {
		conns = append(conns, pair(t, b)...)
	}
	last := listen(t, b.alpha, "")
	assert.Equal(t, "α:5003", last.Addr().String())
	for _, c := range conns {
		require.NoError(t, c.Close())
	}
	assert.Equal(t, "α:3", listen(t, b.alpha, "").Addr().String())
	require.NoError(t, last.Close())
	assert.Equal(t, "α:4", listen(t, b.alpha, "").Addr().String())
}

// A host that had many sockets and has none starts again.
func TestEmptied(t *testing.T) {
	h, end := dialler(t)
	defer end()
	for range 2 {
		var conns []net.Conn
		for range 2000 {
			c, err := h.Dial(t.Context(), "β:1")
			require.NoError(t, err)
			conns = append(conns, c)
		}
		assert.Equal(t, "α:2000", conns[1999].LocalAddr().String())
		for _, c := range conns {
			require.NoError(t, c.Close())
		}
	}
	l := listen(t, h, ":3")
	assert.Equal(t, "α:1", listen(t, h, "").Addr().String())
	assert.Equal(t, "α:2", listen(t, h, "").Addr().String())
	assert.Equal(t, "α:4", listen(t, h, "").Addr().String())
	require.NoError(t, l.Close())
}

// Everything at once: dials, accepts, closes of conns, listeners and hosts. Nothing
// blocks, nothing is left, no conn outlives its host.
func TestEverythingAtOnce(t *testing.T) {
	noLeak(t)
	n := pipenet.New("t")
	var group sync.WaitGroup
	for i := range 4 {
		name := string(rune('a' + i))
		for range 4 {
			group.Go(func() { visit(t, n, name) })
		}
		group.Go(func() {
			for range 50 {
				assert.NoError(t, n.Host(name).Close())
			}
		})
	}
	group.Wait()
	require.NoError(t, pipenet.AsVirtNet(n).Close())
}

// visit dials a host, which may be closed at any moment. Whoever has the name then
// may be called instead, so everybody accepts all that come.
func visit(t *testing.T, n *pipenet.Network, name string) {
	for range 100 {
		l, err := n.Host(name).Listen("")
		if err != nil {
			assert.ErrorIs(t, err, virtnet.ErrHostDown)
			continue
		}
		accepting := start(func() (net.Conn, error) { return nil, hangUp(l) })
		c, err := n.Host("a").Dial(t.Context(), l.Addr().String())
		if err == nil {
			assert.NoError(t, c.Close())
		}
		assert.NoError(t, l.Close())
		assert.ErrorIs(t, (<-accepting).err, net.ErrClosed)
	}
}

// hangUp closes every conn that comes in, until the listener is closed.
func hangUp(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if err := c.Close(); err != nil {
			return err
		}
	}
}

// A Dial that races a Close gives no conn that lives.
func TestDialWhileClosing(t *testing.T) {
	noLeak(t)
	for i := range 500 {
		b := newBench(t)
		accepting := start(b.listenBe.Accept)
		dialling := start(func() (net.Conn, error) { return b.alpha.Dial(t.Context(), "β:1") })
		closed := []string{"α", "β", "network"}[i%3]
		require.NoError(t, b.closer(closed)())
		for _, done := range []<-chan result{dialling, accepting} {
			if closed == "α" && done == accepting {
				require.NoError(t, b.beta.Close())
			}
			if r := <-done; r.err == nil {
				_, err := r.conn.Read(make([]byte, 1)) // would block for ever
				require.Error(t, err)
			}
		}
	}
}
