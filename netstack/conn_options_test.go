package netstack_test

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

func TestConnDefaults(t *testing.T) {
	left, right := newPair(t)
	a, b := newTCP(t, left, right)
	for _, c := range []*netstack.TCPConn{a, b} {
		var k netstack.KeepAliveOption
		require.NoError(t, c.Endpoint().GetSockOpt(&k))
		assert.Equal(t, netstack.KeepAliveOption{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 9}, k)
		var n netstack.NoDelayOption
		require.NoError(t, c.Endpoint().GetSockOpt(&n))
		assert.True(t, bool(n))
	}
	s, err := netstack.New(&netstack.Config{KeepAlive: net.KeepAliveConfig{Count: -1}})
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.CreateNIC(1, netstack.Loopback))
	l, err := s.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c, err := s.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	var k netstack.KeepAliveOption
	require.NoError(t, c.(*netstack.TCPConn).Endpoint().GetSockOpt(&k))
	assert.False(t, k.Enable)
}

func TestConnOptions(t *testing.T) {
	left, right := newPair(t)
	a, _ := newTCP(t, left, right)
	get := func(o netstack.GettableOption) { require.NoError(t, a.Endpoint().GetSockOpt(o)) }
	var k netstack.KeepAliveOption
	require.NoError(t, a.SetKeepAlivePeriod(7*time.Second))
	get(&k)
	assert.Equal(t, netstack.KeepAliveOption{Enable: true, Idle: 7 * time.Second, Interval: 15 * time.Second, Count: 9}, k)
	require.NoError(t, a.SetKeepAlive(false))
	get(&k)
	assert.Equal(t, netstack.KeepAliveOption{Idle: 7 * time.Second, Interval: 15 * time.Second, Count: 9}, k)
	require.NoError(t, a.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Count: 3}))
	get(&k)
	assert.Equal(t, netstack.KeepAliveOption{Enable: true, Idle: time.Second, Interval: 15 * time.Second, Count: 3}, k)
	require.NoError(t, a.SetNoDelay(false))
	var n netstack.NoDelayOption
	get(&n)
	assert.False(t, bool(n))
	require.NoError(t, a.SetUserTimeout(time.Minute))
	var u netstack.UserTimeoutOption
	get(&u)
	assert.Equal(t, netstack.UserTimeoutOption(time.Minute), u)
	require.NoError(t, a.SetReadBuffer(100_000))
	var r netstack.ReceiveBufferSizeOption
	get(&r)
	assert.EqualValues(t, 100_000, r)
	require.NoError(t, a.SetWriteBuffer(120_000))
	var w netstack.SendBufferSizeOption
	get(&w)
	assert.EqualValues(t, 120_000, w)
	for _, err := range []error{a.SetReadBuffer(-1), a.SetUserTimeout(-1), a.SetKeepAlivePeriod(-1)} {
		assert.ErrorIs(t, err, netstack.ErrInvalidOptionValue)
		op := new(net.OpError)
		require.ErrorAs(t, err, &op)
		assert.Equal(t, "set", op.Op)
	}
	require.NoError(t, a.Close())
	assert.ErrorIs(t, a.SetKeepAlivePeriod(1), net.ErrClosed)
}

// TestKeepAlive ends a conn whose peer is gone without a word.
func TestKeepAlive(t *testing.T) {
	for name, begin := range map[string]func(c *netstack.TCPConn) error{
		"keep-alive": func(c *netstack.TCPConn) error {
			return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 1})
		},
		"user timeout": func(c *netstack.TCPConn) error {
			if err := c.SetUserTimeout(time.Second); err != nil {
				return err
			}
			_, err := c.Write([]byte("nobody acknowledges"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			left, right := newPair(t)
			a, _ := newTCP(t, left, right)
			require.NoError(t, right.RemoveAddress(1, netip.MustParseAddr(right4)))
			require.NoError(t, begin(a))
			require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Minute)))
			_, err := a.Read(make([]byte, 1))
			assert.ErrorIs(t, err, netstack.ErrTimeout)
			assert.Equal(t, right4, a.RemoteAddr().(*net.TCPAddr).IP.String())
		})
	}
}

func TestLinger(t *testing.T) {
	t.Run("reset", func(t *testing.T) {
		left, right := newPair(t)
		a, b := newTCP(t, left, right)
		require.NoError(t, a.SetLinger(0))
		require.NoError(t, a.Close())
		_, err := b.Read(make([]byte, 1))
		assert.ErrorIs(t, err, netstack.ErrConnectionReset)
		assert.Equal(t, a.LocalAddr().String(), b.RemoteAddr().String())
	})
	t.Run("until it is acknowledged", func(t *testing.T) {
		left, right := newPair(t)
		a, b := newTCP(t, left, right)
		require.NoError(t, a.SetLinger(60))
		_, err := a.Write([]byte("hello"))
		require.NoError(t, err)
		begin := time.Now()
		require.NoError(t, a.Close())
		assert.Less(t, time.Since(begin), 30*time.Second)
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(got))
	})
	t.Run("no longer", func(t *testing.T) {
		left, right := newPair(t)
		a, _ := newTCP(t, left, right)
		require.NoError(t, right.RemoveAddress(1, netip.MustParseAddr(right4)))
		require.NoError(t, a.SetLinger(1))
		_, err := a.Write([]byte("hello"))
		require.NoError(t, err)
		begin := time.Now()
		require.NoError(t, a.Close())
		assert.GreaterOrEqual(t, time.Since(begin), time.Second)
	})
	t.Run("default", func(t *testing.T) {
		left, right := newPair(t)
		a, b := newTCP(t, left, right)
		require.NoError(t, a.SetLinger(5))
		require.NoError(t, a.SetLinger(-1))
		_, err := a.Write([]byte("hello"))
		require.NoError(t, err)
		require.NoError(t, a.Close())
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		assert.Equal(t, "hello", string(got))
	})
}
