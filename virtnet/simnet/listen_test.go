//go:build !plan9

package simnet_test

import (
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet"
	"github.com/strata-net/strata/virtnet/simnet"
)

// All addresses have several texts; a name that nobody has is none of them.
func TestListen_Addresses(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect})
	a, b := host(t, n, "a", "192.0.2.1", "2001:db8::1"), host(t, n, "b", "192.0.2.2", "2001:db8::2")
	for _, laddr := range []string{":80", "0.0.0.0:80", "[::]:80", "a:80"} {
		l, err := a.Listen(laddr)
		require.NoError(t, err, laddr)
		for _, to := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
			_, err = b.Dial(t.Context(), to)
			require.NoError(t, err, "%s %s", laddr, to)
		}
		fails(t, second(a.Listen(":80")), "listen", syscall.EADDRINUSE)
		require.NoError(t, l.Close())
	}
	fails(t, second(a.Listen("nobody:80")), "listen", virtnet.ErrNoHost)
	fails(t, second(a.ListenPacket("nobody:80")), "listen", virtnet.ErrNoHost)
}

// Where ports are 1, 2, 3 a conn that has dialled has one for itself.
func TestListen_PortOfConn(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect, Names: true})
	a, b := host(t, n, "a"), host(t, n, "b")
	c, _ := pair(t, a, b)
	require.Equal(t, "a:1", c.LocalAddr().String())
	fails(t, second(a.Listen(":1")), "listen", virtnet.ErrAddrAlreadyUsed)
	require.NoError(t, c.Close())
	_, err := a.Listen(":1")
	require.NoError(t, err)
}

// The error names the address that was asked for, also if it is another host's.
func TestListen_Elsewhere(t *testing.T) {
	n := network(t, simnet.Config{Order: simnet.OrderDirect, Names: true})
	a := host(t, n, "a")
	host(t, n, "b")
	_, err := a.Listen("b:5")
	require.EqualError(t, err, "listen sim b:5: cannot listen on requested address")
	_, err = a.ListenPacket("b:5")
	require.EqualError(t, err, "listen sim b:5: cannot listen on requested address")
}

// Without a free port neither a listener nor a conn gets one.
func TestListen_PortsUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Order: simnet.OrderScheduled})
		a, b := host(t, n, "a"), host(t, n, "b")
		_, err := b.Listen(":80")
		require.NoError(t, err)
		l, err := a.Listen(":0")
		require.NoError(t, err)
		for range 60999 - 32768 {
			_, err = a.Listen(":0")
			require.NoError(t, err)
		}
		fails(t, second(a.Listen(":0")), "listen", syscall.EADDRINUSE)
		fails(t, second(a.Dial(t.Context(), "b:80")), "dial", syscall.EADDRNOTAVAIL)
		require.NoError(t, l.Close())
		c, err := a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		assert.Equal(t, l.Addr(), c.LocalAddr())
	})
}

// A listener that is closed while a conn shakes hands resets it.
func TestListener_ClosedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network(t, simnet.Config{Link: simnet.Link{Latency: 100 * time.Millisecond}})
		a, b := host(t, n, "a"), host(t, n, "b")
		l, err := b.Listen(":80")
		require.NoError(t, err)
		time.AfterFunc(150*time.Millisecond, func() { l.Close() }) // the answer is on its way
		c, err := a.Dial(t.Context(), "b:80")
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1))
		fails(t, err, "read", syscall.ECONNRESET)
	})
}
