package sockopt_test

import (
	"errors"
	"math"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// setAndGet sets each value, reads it back, and lets a list of it verify.
func setAndGet[T sockopt.Value](t *testing.T, h sockopt.Handle[T], c syscall.Conn, values ...T) {
	t.Helper()
	for _, v := range values {
		require.NoError(t, h.Set(c, v), "%v", h.Value(v))
		got, err := h.Get(c)
		require.NoError(t, err, "%v", h.Value(v))
		assert.Equal(t, v, got, h.Info().Name)
		require.NoError(t, sockopt.Options{h.Value(v)}.Verify(c))
	}
}

func TestHandleOnTCP(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			client, server := tcpPair(t, network)
			for _, c := range []*net.TCPConn{client, server} {
				setAndGet(t, sockopt.TCPNoDelay, c, false, true)
				setAndGet(t, sockopt.KeepAlive, c, false, true)
				setAndGet(t, sockopt.OOBInline, c, true, false)
				setAndGet(t, sockopt.Linger, c, 5*time.Second, 0, sockopt.LingerOff)
				setAndGet(t, sockopt.IPTTL, c, 9, 255)
				setAndGet(t, sockopt.IPv6UnicastHops, c, 1, 64)
			}
			twin, err := sockopt.IPTTL.Get(client)
			require.NoError(t, err)
			assert.Equal(t, 64, twin, "either name is the one option")
		})
	}
}

func TestHandleOnUDP(t *testing.T) {
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			c := listenUDP(t, network)
			setAndGet(t, sockopt.Broadcast, c, false, true)
			setAndGet(t, sockopt.IPTTL, c, 9, 255)
			setAndGet(t, sockopt.IPMulticastTTL, c, 9, 1)
			setAndGet(t, sockopt.IPv6MulticastLoop, c, false, true)
		})
	}
}

func TestHandleOnListener(t *testing.T) {
	for _, network := range []string{"tcp4", "tcp6"} {
		t.Run(network, func(t *testing.T) {
			l := listenTCP(t, network)
			setAndGet(t, sockopt.Linger, l, 5*time.Second, 0, sockopt.LingerOff)
			setAndGet(t, sockopt.IPTTL, l, 9, 255)
			listens, err := sockopt.AcceptConn.Get(l)
			require.NoError(t, err)
			assert.True(t, listens)
			// What the accepted conn inherits, a handle sets whatever the stage.
			require.NoError(t, sockopt.KeepAlive.Set(l, true))
		})
	}
	c := listenUDP(t, "udp4")
	kind, err := sockopt.Type.Get(c)
	require.NoError(t, err)
	assert.Equal(t, 2, kind, "SOCK_DGRAM on every platform")
}

// requireRefusal checks what an error of an operation on a socket says.
func requireRefusal(t *testing.T, err error, op, option, value, network string, cause error) {
	t.Helper()
	var e *sockopt.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &sockopt.Error{Op: op, Option: option, Value: value, Network: network, Err: e.Err}, e)
	require.ErrorIs(t, err, cause)
}

func TestHandleOnWrongNetwork(t *testing.T) {
	c := listenUDP(t, "udp4")
	err := sockopt.TCPNoDelay.Set(c, true)
	requireRefusal(t, err, "set", "TCP_NODELAY", "true", "udp4", errors.ErrUnsupported)
	assert.ErrorContains(t, err, "only for tcp4 tcp6")
	_, err = sockopt.TCPNoDelay.Get(c)
	requireRefusal(t, err, "get", "TCP_NODELAY", "", "udp4", errors.ErrUnsupported)

	client, _ := tcpPair(t, "tcp4")
	err = sockopt.IPMulticastTTL.Set(client, 1)
	requireRefusal(t, err, "set", "IP_MULTICAST_TTL", "1", "tcp4", errors.ErrUnsupported)
	_, err = sockopt.IPv6V6Only.Get(client)
	requireRefusal(t, err, "get", "IPV6_V6ONLY", "", "tcp4", errors.ErrUnsupported)
	assert.ErrorContains(t, err, "only for tcp6 udp6")
}

func TestHandleRefusesBadValues(t *testing.T) {
	c, _ := tcpPair(t, "tcp4")
	before, err := sockopt.IPTTL.Get(c)
	require.NoError(t, err)
	requireRefusal(t, sockopt.IPTTL.Set(c, 256), "set", "IP_TTL", "256", "tcp4", syscall.EINVAL)
	requireRefusal(t, sockopt.IPTTL.Set(c, math.MaxInt), "set", "IP_TTL", strconv.Itoa(math.MaxInt), "tcp4", syscall.EINVAL)
	requireRefusal(t, sockopt.Linger.Set(c, 1500*time.Millisecond), "set", "SO_LINGER", "1.5s", "tcp4", syscall.EINVAL)
	requireRefusal(t, sockopt.Type.Set(c, 1), "set", "SO_TYPE", "1", "tcp4", syscall.EINVAL)
	after, err := sockopt.IPTTL.Get(c)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// Package net's sockets never block in the kernel: the option would do nothing.
func TestHandleRefusesTimeouts(t *testing.T) {
	c, _ := tcpPair(t, "tcp4")
	err := sockopt.RcvTimeo.Set(c, time.Second)
	requireRefusal(t, err, "set", "SO_RCVTIMEO", "1s", "tcp4", errors.ErrUnsupported)
	assert.ErrorContains(t, err, "SetReadDeadline")
	got, err := sockopt.RcvTimeo.Get(c)
	require.NoError(t, err)
	assert.Zero(t, got)
	err = sockopt.Options{sockopt.SndTimeo.Value(time.Second)}.Verify(c)
	requireRefusal(t, err, "verify", "SO_SNDTIMEO", "1s", "tcp4", errors.ErrUnsupported)
}

func TestHandleTooLate(t *testing.T) {
	l := listenTCP(t, "tcp6") // package net made it IPv6 only
	require.NoError(t, sockopt.IPv6V6Only.Set(l, true), "it has that value")
	err := sockopt.IPv6V6Only.Set(l, false)
	requireRefusal(t, err, "set", "IPV6_V6ONLY", "false", "tcp6", syscall.EINVAL)
	assert.ErrorContains(t, err, "too late, only before bind")
}

// Every function reports a socket that is closed, and one that never was.
func TestClosedSocket(t *testing.T) {
	closed, _ := tcpPair(t, "tcp4")
	raw, err := closed.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	list := sockopt.Options{sockopt.Linger.Value(0), sockopt.Prefer(sockopt.IPTTL.Value(9))}
	for op, err := range map[string]error{
		"control": list.Control("tcp4", "", raw),
		"stage":   list.ApplyStage(sockopt.Bind, "tcp4", raw),
	} {
		require.ErrorIs(t, err, net.ErrClosed, op)
	}
	for c, cause := range map[*net.TCPConn]error{closed: net.ErrClosed, new(net.TCPConn): syscall.EINVAL} {
		_, getErr := sockopt.Linger.Get(c)
		_, snapshotErr := sockopt.Snapshot(c)
		report := list.Report(c)
		require.Len(t, report, 1)
		for op, err := range map[string]error{
			"set":      sockopt.Linger.Set(c, 0),
			"get":      getErr,
			"apply":    list.Apply(c),
			"verify":   list.Verify(c),
			"report":   report[0].Err,
			"snapshot": snapshotErr,
		} {
			var e *sockopt.Error
			require.ErrorAs(t, err, &e, op)
			assert.NotEmpty(t, e.Option, op)
			require.ErrorIs(t, err, cause, op)
		}
	}
}

func TestZeroHandle(t *testing.T) {
	var h sockopt.Handle[bool]
	c, _ := tcpPair(t, "tcp4")
	assert.Equal(t, sockopt.Info{}, h.Info())
	assert.Equal(t, "", h.Value(true).Name())
	require.ErrorIs(t, h.Set(c, true), syscall.EINVAL)
	_, err := h.Get(c)
	require.ErrorIs(t, err, syscall.EINVAL)
}
