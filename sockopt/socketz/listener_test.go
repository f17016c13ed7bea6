package socketz_test

import (
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/socketz"
)

// Conns are handed on as they are, so they keep splice, half-close and all else.
func TestListenerHandsConnsOn(t *testing.T) {
	var r socketz.Registry
	inner := plainTCP(t)
	l, err := r.Listener("front", inner, sockopt.Options{sockopt.TCPNoDelay.Value(true)})
	require.NoError(t, err)
	_, server := connect(t, l)
	assert.IsType(t, &net.TCPConn{}, server)
	n, err := sockopt.RcvBuf.Get(l.(syscall.Conn))
	require.NoError(t, err)
	want, err := sockopt.RcvBuf.Get(inner)
	require.NoError(t, err)
	assert.Equal(t, want, n, "of the same socket")

	d := look(t, &r, "")
	require.Len(t, d.Listeners, 1)
	assert.Equal(t, "*net.TCPListener", d.Listeners[0].Type)
	assert.Equal(t, inner.Addr().String(), d.Listeners[0].Local)
	assert.JSONEq(t, `{"Accepted":1,"Unseen":0}`, string(d.Listeners[0].Counters))
	require.Len(t, d.Conns, 1)
	assert.Equal(t, "front", d.Conns[0].Name)
	assert.Equal(t, socketz.Accepted, d.Conns[0].Role)
	assert.Equal(t, "ok", d.Conns[0].Options[0].Verdict)

	require.NoError(t, l.Close())
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	d = look(t, &r, "")
	assert.Empty(t, d.Listeners)
	assert.Len(t, d.Conns, 1, "conns stay open")
	runtime.KeepAlive(server)
}

func TestListenerNil(t *testing.T) {
	var r socketz.Registry
	_, err := r.Listener("x", nil, nil)
	require.EqualError(t, err, "socketz: add Conn=<nil>: is nil")
}

// odd is a listener of a test.
type odd struct {
	net.Listener

	conns []net.Conn
}

func (o *odd) Accept() (net.Conn, error) {
	c := o.conns[0]
	o.conns = o.conns[1:]
	return c, nil
}

func (*odd) Addr() net.Addr { return nil }

func (*odd) Addrs() []net.Addr {
	list := make([]net.Addr, 100)
	list[0] = &net.UnixAddr{Name: "/x\x00\u202ey", Net: "unix"}
	return list
}

func (*odd) Close() error { return nil }

// A listener without a descriptor, with many addresses and with conns of a kind that cannot be followed.
func TestOddListener(t *testing.T) {
	var r socketz.Registry
	l, err := r.Listener("odd", &odd{conns: []net.Conn{valueConn{}}}, sockopt.Options{sockopt.KeepAlive.Value(true)})
	require.NoError(t, err)
	c, err := l.Accept()
	require.NoError(t, err)
	assert.Equal(t, valueConn{}, c)
	_, err = l.(syscall.Conn).SyscallConn()
	require.ErrorIs(t, err, errors.ErrUnsupported)

	d := look(t, &r, "")
	require.Len(t, d.Listeners, 1)
	s := d.Listeners[0]
	assert.JSONEq(t, `{"Accepted":1,"Unseen":1}`, string(s.Counters))
	assert.Empty(t, d.Conns)
	assert.Len(t, s.Addresses, 64)
	assert.Equal(t, `/x\x00\u202ey`, s.Addresses[0])
	assert.Equal(t, []string{"addresses: 64 are shown"}, s.Notes)
	assert.Equal(t, "listen", s.State)
	assert.Equal(t, "unread", s.Options[0].Verdict)
	assert.Equal(t, "there is no descriptor to read it from", s.Options[0].Why)
	require.NoError(t, l.Close())
	assert.Empty(t, look(t, &r, "").Listeners)
}
