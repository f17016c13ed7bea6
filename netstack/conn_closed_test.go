package netstack_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/netstack"
)

// TestConnStackClosed ends what waits, and what comes later, with the stack: never as an end
// of the stream.
func TestConnStackClosed(t *testing.T) {
	left, right := newPair(t)
	a, b := newTCP(t, left, right)
	later(func() { _ = left.Close() })
	for range 3 {
		_, err := a.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = a.Write([]byte("x"))
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = a.WriteTo(io.Discard)
		assert.ErrorIs(t, err, net.ErrClosed)
	}
	assert.Equal(t, a.LocalAddr().String(), b.RemoteAddr().String())
	assert.NoError(t, a.Close())
}

// TestConnEndpointClosed closes the endpoint below a conn.
func TestConnEndpointClosed(t *testing.T) {
	left, right := newPair(t)
	a, b := newTCP(t, left, right)
	require.NoError(t, a.Endpoint().Close())
	_, err := a.Read(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.ErrorIs(t, a.SetKeepAlivePeriod(time.Second), net.ErrClosed)
	_, err = b.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

// TestClosedDeadlines sets deadlines of what is closed, of each kind.
func TestClosedDeadlines(t *testing.T) {
	left, _ := newPair(t)
	l, err := left.Listen("tcp", ":0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	assert.ErrorIs(t, l.(*netstack.TCPListener).SetDeadline(time.Now()), net.ErrClosed)
	c, err := left.ListenPacket("udp", ":0")
	require.NoError(t, err)
	require.NoError(t, c.Close())
	assert.ErrorIs(t, c.SetDeadline(time.Now()), net.ErrClosed)
	_, _, err = c.(*netstack.UDPConn).ReadFromUDP(nil)
	assert.ErrorIs(t, err, net.ErrClosed)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = (&netstack.ListenConfig{Stack: left}).Listen(ctx, "tcp", ":0")
	assert.ErrorIs(t, err, context.Canceled)
	temporary, ok := err.(*net.OpError).Err.(interface{ Temporary() bool })
	require.True(t, ok)
	assert.False(t, temporary.Temporary())
	_, err = left.ListenPacket("udp", "[fe80::1%nonsense]:0")
	assert.ErrorContains(t, err, "no NIC of this name")
}

// TestAcceptedReset accepts a conn that its peer has reset: it has addresses all the same.
func TestAcceptedReset(t *testing.T) {
	left, right := newPair(t)
	l, err := right.Listen("tcp", right4+":0")
	require.NoError(t, err)
	defer l.Close()
	c, err := left.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, c.(*netstack.TCPConn).SetLinger(0))
	require.NoError(t, c.Close())
	require.NoError(t, l.(*netstack.TCPListener).SetDeadline(time.Now().Add(patience)))
	a, err := l.Accept()
	require.NoError(t, err)
	defer a.Close()
	assert.Equal(t, c.LocalAddr().String(), a.RemoteAddr().String())
	_, err = a.Read(make([]byte, 1))
	assert.Error(t, err)
	assert.Equal(t, c.LocalAddr().String(), a.RemoteAddr().String())
}

// TestDialControl sets an option before the dial.
func TestDialControl(t *testing.T) {
	left, right := newPair(t)
	port := serve(t, right)
	d := left.Dialer()
	d.LocalAddr = netip.MustParseAddrPort(left4 + ":0")
	d.Control = func(e netstack.Endpoint) error { return e.SetSockOpt(netstack.TTLOption(3)) }
	c, err := d.Dial("tcp4", right4+":"+port)
	require.NoError(t, err)
	defer c.Close()
	var ttl netstack.TTLOption
	require.NoError(t, c.(*netstack.TCPConn).Endpoint().GetSockOpt(&ttl))
	assert.EqualValues(t, 3, ttl)
}
