package simnet_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// network makes a network that has to be possible, and closes it with the test.
func network(t testing.TB, c simnet.Config) *simnet.Network {
	t.Helper()
	n, err := simnet.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return n
}

// host makes a host that has to be possible.
func host(t testing.TB, n *simnet.Network, name string, addrs ...string) *simnet.Host {
	t.Helper()
	var all []netip.Addr
	for _, a := range addrs {
		all = append(all, netip.MustParseAddr(a))
	}
	h, err := n.NewHost(context.Background(), name, all...)
	require.NoError(t, err)
	return h
}

// pair connects two hosts at a port.
func pair(t testing.TB, a, b *simnet.Host) (dialled, accepted *simnet.Conn) {
	t.Helper()
	l, err := b.Listen(":0")
	require.NoError(t, err)
	defer l.Close()
	c, err := a.Dial(context.Background(), l.Addr().String())
	require.NoError(t, err)
	d, err := l.Accept()
	require.NoError(t, err)
	return c.(*simnet.Conn), d.(*simnet.Conn)
}

// say writes a text.
func say(t testing.TB, c net.Conn, text string) {
	t.Helper()
	n, err := c.Write([]byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

// hear reads a text.
func hear(t testing.TB, c net.Conn, text string) {
	t.Helper()
	b := make([]byte, len(text))
	_, err := io.ReadFull(c, b)
	require.NoError(t, err)
	require.Equal(t, text, string(b))
}

// noLeak requires that no more goroutines are left than there are now.
func noLeak(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		after := 0
		for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if after = runtime.NumGoroutine(); after <= before {
				return
			}
		}
		assert.LessOrEqual(t, after, before, "goroutines")
	})
}
