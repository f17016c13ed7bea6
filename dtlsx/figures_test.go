package dtlsx_test

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
)

// TestMemory says what a handshake in progress and an idle conn cost, and that
// it is within what the documentation says.
func TestMemory(t *testing.T) {
	noLeak(t)
	const n = 200
	l := listen(t, dtlsx.ListenConfig{Config: dtlsx.Config{HandshakeTimeout: time.Minute}})
	c, s := connect(t, l) // everything is warm
	talk(t, c, s, "hello")
	sockets := make([]*net.UDPConn, n)
	for i := range sockets {
		sockets[i] = raw(t, source(t, i), l)
	}
	before, goroutines := memory(), runtime.NumGoroutine()
	for i, c := range sockets {
		stall(t, c, byte(i))
	}
	eventually(t, "all in progress", func() bool { return l.Stats().Pending == n })
	// The first flight of the server has come, and nothing moves any more.
	for _, c := range sockets {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := c.Read(make([]byte, 2048))
		require.NoError(t, err)
	}
	pending := (memory() - before) / n
	t.Logf("a handshake in progress: %d bytes, %d goroutines", pending, (runtime.NumGoroutine()-goroutines)/n)
	if !raceEnabled {
		assert.Less(t, pending, int64(64<<10))
	}
}

// TestMemoryOfIdleConns measures both ends, as both are in this process.
func TestMemoryOfIdleConns(t *testing.T) {
	noLeak(t)
	const n = 100
	l := listen(t, dtlsx.ListenConfig{})
	connect(t, l)
	before, goroutines := memory(), runtime.NumGoroutine()
	for range n {
		connect(t, l)
	}
	each := (memory() - before) / n
	t.Logf("an idle conn, both ends together: %d bytes, %d goroutines", each, (runtime.NumGoroutine()-goroutines)/n)
	if !raceEnabled {
		assert.Less(t, each, int64(128<<10))
	}
}
