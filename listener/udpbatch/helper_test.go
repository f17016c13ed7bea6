package udpbatch_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpbatch"
)

// patience is how long a test waits for what takes moments.
const patience = time.Minute

// engines are the ways to send and receive that this platform has.
func engines(t *testing.T, f func(t *testing.T, configure func(udpbatch.Config) *udpbatch.Config)) {
	t.Run("platform", func(t *testing.T) { f(t, func(c udpbatch.Config) *udpbatch.Config { return &c }) })
	t.Run("no offload", func(t *testing.T) {
		f(t, func(c udpbatch.Config) *udpbatch.Config {
			if c.GSO == udpbatch.Auto {
				c.GSO = udpbatch.Off
			}
			if c.GRO == udpbatch.Auto {
				c.GRO = udpbatch.Off
			}
			return &c
		})
	})
	t.Run("portable", func(t *testing.T) { f(t, udpbatch.Portable) })
}

// listen opens a Conn that has to be possible, and closes it with the test.
func listen(t *testing.T, c *udpbatch.Config) *udpbatch.Conn {
	t.Helper()
	conn, err := udpbatch.Listen(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

// dial opens a connected Conn.
func dial(t *testing.T, remote string, c *udpbatch.Config) *udpbatch.Conn {
	t.Helper()
	conn, err := udpbatch.Dial(t.Context(), remote, c)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	return conn
}

func addrOf(c *udpbatch.Conn) netip.AddrPort { return netip.MustParseAddrPort(c.LocalAddr().String()) }

// pattern makes a datagram whose content tells its number and its size.
func pattern(number, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(number*7 + i*13 + (i >> 8) + size)
	}
	return b
}

// expect reads until it has as many datagrams as there are sizes, which must be
// those of pattern in order.
func expect(t *testing.T, c interface {
	ReadBatch(ms []udpbatch.Message) (int, error)
}, sizes []int, check func(m *udpbatch.Message),
) {
	t.Helper()
	ms := make([]udpbatch.Message, 50)
	for got := 0; got < len(sizes); {
		n, err := c.ReadBatch(ms)
		require.NoError(t, err, "after %d of %d", got, len(sizes))
		require.Positive(t, n)
		for i := range ms[:n] {
			require.Less(t, got, len(sizes))
			require.False(t, ms[i].Truncated)
			if string(pattern(got, sizes[got])) != string(ms[i].Data) {
				require.Failf(t, "wrong datagram", "number %d: %d bytes, want %d", got, len(ms[i].Data), sizes[got])
			}
			if check != nil {
				check(&ms[i])
			}
			got++
		}
	}
}

// patterns makes the messages that expect wants to see.
func patterns(to netip.AddrPort, sizes []int) []udpbatch.Message {
	ms := make([]udpbatch.Message, len(sizes))
	for i, size := range sizes {
		ms[i] = udpbatch.Message{Data: pattern(i, size), Addr: to}
	}
	return ms
}

// noLeak checks at the end of the test that goroutines and descriptors are
// back to what they were at the call.
func noLeak(t *testing.T) {
	t.Helper()
	goroutines, fds := runtime.NumGoroutine(), openFDs(t)
	t.Cleanup(func() {
		// By hand: assert.Eventually has goroutines of its own. Each try counts once, because NumGoroutine is off by
		// hundreds at the moment when the runtime moves ended ones from list to list.
		var g, f int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if g, f = runtime.NumGoroutine(), openFDs(t); g <= goroutines && f <= fds {
				return
			}
		}
		assert.Failf(t, "leak", "goroutines: %d, before: %d; descriptors: %d, before: %d", g, goroutines, f, fds)
	})
}
