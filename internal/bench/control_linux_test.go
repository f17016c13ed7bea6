//go:build !race

// The race detector makes sync.Pool forget things at random: allocations cannot be counted under it.

package bench_test

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// TestControlAllocatesNothing counts the objects that Control allocates on a socket that package net hands out.
func TestControlAllocatesNothing(t *testing.T) {
	all := sockopt.Options{
		sockopt.ReuseAddr.Value(true), sockopt.ReusePort.Value(true),
		sockopt.RcvBuf.Value(65536), sockopt.SndBuf.Value(65536),
		sockopt.IPTOS.Value(184), sockopt.IPTTL.Value(32),
		sockopt.TCPMaxSeg.Value(1200), sockopt.TCPSynCnt.Value(3),
		sockopt.TCPUserTimeout.Value(5 * time.Second), sockopt.Priority.Value(4),
	}
	for _, n := range []int{1, 5, len(all)} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			list := all[:n]
			inControl(t, "tcp4", func(c syscall.RawConn) {
				allocs := testing.AllocsPerRun(1000, func() {
					if err := list.Control("tcp4", "", c); err != nil {
						panic(err) // assertions allocate
					}
				})
				assert.Zero(t, allocs)
			})
		})
	}
}

// inControl calls f with a socket that is neither bound nor connected.
func inControl(t *testing.T, network string, f func(syscall.RawConn)) {
	t.Helper()
	called := false
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		called = true
		f(c)
		return nil
	}}
	config.SetMultipathTCP(false)
	l, err := config.Listen(t.Context(), network, "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.True(t, called)
}
