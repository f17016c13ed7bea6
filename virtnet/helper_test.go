package virtnet_test

import (
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/pipenet"
)

// A bench is the network pipet with the hosts α and β, a listener at port 1 of
// both, and a conn from α:2 to β:2.
type bench struct {
	net                   *virtnet.SubNetwork
	alpha, beta           *virtnet.Host
	listenAlpha, listenBe net.Listener
	dialled, accepted     net.Conn
}

func newBench(t *testing.T) *bench {
	t.Helper()
	n := pipenet.New("t")
	b := &bench{net: pipenet.AsVirtNet(n), alpha: n.Host("α"), beta: n.Host("β")}
	t.Cleanup(func() { b.net.Close() })
	b.listenAlpha, b.listenBe = listen(t, b.alpha, ""), listen(t, b.beta, "")
	b.dialled, b.accepted = connect(t, b.alpha, b.listenBe)
	return b
}

// listen opens a listener that has to be possible.
func listen(t *testing.T, h *virtnet.Host, laddr string) net.Listener {
	t.Helper()
	l, err := h.Listen(laddr)
	require.NoError(t, err)
	return l
}

// connect dials a listener and accepts.
func connect(t *testing.T, from *virtnet.Host, l net.Listener) (dialled, accepted net.Conn) {
	t.Helper()
	done := start(l.Accept)
	dialled, err := from.Dial(t.Context(), l.Addr().String())
	require.NoError(t, err)
	r := <-done
	require.NoError(t, r.err)
	return dialled, r.conn
}

// roundTrip proves that a conn works.
func roundTrip(t *testing.T, one, two net.Conn) {
	t.Helper()
	done := start(func() (net.Conn, error) {
		_, err := one.Write([]byte("hello"))
		return nil, err
	})
	got := make([]byte, 5)
	_, err := io.ReadFull(two, got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	require.NoError(t, (<-done).err)
}

type result struct {
	conn net.Conn
	err  error
}

// start runs what may block.
func start(f func() (net.Conn, error)) <-chan result {
	done := make(chan result, 1)
	go func() {
		c, err := f()
		done <- result{c, err}
	}()
	return done
}

// opError is the error of an operation on the network pipet. Of "α:1->β:1" both are
// set, of "α:1" Addr alone.
func opError(op, addrs string, err error) *net.OpError {
	e := &net.OpError{Op: op, Net: "pipet", Err: err}
	source, addr, both := strings.Cut(addrs, "->")
	if !both {
		addr = source
	} else {
		e.Source = address(source)
	}
	e.Addr = address(addr)
	return e
}

func address(s string) *virtnet.Addr {
	a, err := virtnet.ParseAddr("pipet", s)
	if err != nil {
		panic(err)
	}
	return a
}

// noLeak checks at the end of the test that goroutines are back to what they were at
// the call.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		// Each try counts once, because NumGoroutine is off by hundreds at the moment
		// when the runtime moves ended ones from list to list.
		var now int
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now = runtime.NumGoroutine(); now <= before {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d", now, before)
	})
}
