//go:build !plan9

package simnet_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// A host has 28,232 ports to dial from, for each address that it dials.
func TestPorts_UsedUp(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect, Backlog: 65535})
	a, b := host(t, n, "a"), host(t, n, "b")
	for _, addr := range []string{":80", ":81"} {
		_, err := b.Listen(addr)
		require.NoError(t, err)
	}
	const all = 60999 - 32768 + 1
	conns := make([]net.Conn, all)
	for i := range conns {
		var err error
		conns[i], err = a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		require.Equal(t, 32768+i, conns[i].LocalAddr().(*net.TCPAddr).Port)
	}
	_, err := a.Dial(t.Context(), "b:80")
	fails(t, err, "dial", syscall.EADDRNOTAVAIL)
	c, err := a.Dial(t.Context(), "b:81")
	require.NoError(t, err)
	assert.Equal(t, conns[0].LocalAddr(), c.LocalAddr(), "shared")
	require.NoError(t, conns[0].Close())
	require.NoError(t, c.Close())
	require.NoError(t, conns[9].Close())
	for _, i := range []int{0, 9} {
		c, err := a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		assert.Equal(t, 32768+i, c.LocalAddr().(*net.TCPAddr).Port)
	}
}

// Calls of package virtnet come through, and know when the host is no more.
func TestHost_Virtnet(t *testing.T) {
	n := network(t, simnet.Config{})
	a := host(t, n, "a")
	l, err := a.Host.Listen(":80")
	require.NoError(t, err)
	_, err = a.Host.ListenPacket(":80")
	require.NoError(t, err)
	c, err := a.Host.Dial(t.Context(), "localhost:80")
	require.NoError(t, err)
	d, err := l.Accept()
	require.NoError(t, err)
	say(t, c, "to myself")
	hear(t, d, "to myself")
	assert.Equal(t, "127.0.0.1:80", c.RemoteAddr().String())
	require.NoError(t, a.Close())
	for _, err := range []error{
		second(a.Listen("")), second(a.ListenPacket("")), second(a.Dial(t.Context(), "a:80")), second(d.Read(make([]byte, 1))),
	} {
		assert.ErrorIs(t, err, virtnet.ErrHostDown)
	}
}
