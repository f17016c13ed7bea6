//go:build !race

package dialer_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// Under the race detector sync.Pool drops values at random, so this file is
// left out there.
func TestDialAllocatesNoMoreThanNet(t *testing.T) {
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer server.Close()
	address := server.LocalAddr().String()
	control := func(string, string, syscall.RawConn) error { return nil }
	for _, test := range []struct {
		name    string
		config  dialer.Config
		control func(string, string, syscall.RawConn) error
		extra   float64
	}{
		{"no options", dialer.Config{}, nil, 0},
		{"bind stage", dialer.Config{Options: sockopt.Options{sockopt.RcvBuf.Value(65536), sockopt.SndBuf.Value(65536)}}, control, 0},
		// Its one is SyscallConn.
		{"established stage", dialer.Config{Options: sockopt.Options{sockopt.KeepAlive.Value(true)}}, nil, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			std := &net.Dialer{Control: test.control}
			std.SetMultipathTCP(false)
			ours := newDialer(t, &test.config)
			assert.LessOrEqual(t, allocs(t, ours, address), allocs(t, std, address)+test.extra)
		})
	}
}

func allocs(t *testing.T, d dialer.Dialer, address string) float64 {
	t.Helper()
	return testing.AllocsPerRun(200, func() {
		c, err := d.Dial("udp4", address)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
	})
}
