package listener_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// made returns a listener of package net, MPTCP or not.
func made(t *testing.T, multipath bool) net.Listener {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(multipath)
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func TestMultipathOfAnInheritedSocket(t *testing.T) {
	needMPTCP(t)
	noLeak(t)
	for _, test := range []struct {
		is   bool
		mode sockopt.Multipath
		want string // of New, "" is no error
	}{
		{true, sockopt.MultipathDefault, ""},
		{true, sockopt.MultipathRequire, ""},
		{true, sockopt.MultipathOff, "Multipath=off: the inherited socket is MPTCP"},
		{false, sockopt.MultipathOff, ""},
		{false, sockopt.MultipathPrefer, ""},
		{false, sockopt.MultipathRequire, "Multipath=require: listener: the inherited socket is plain TCP"},
	} {
		fd := descriptor(t, made(t, test.is))
		l, err := listener.New(t.Context(), &listener.Config{Address: fmt.Sprintf("fd://%d", fd), Multipath: test.mode})
		if test.want != "" {
			assert.EqualError(t, err, fmt.Sprintf("listener: listen fd %d: %s", fd, test.want))
			continue
		}
		require.NoError(t, err)
		on, reason := listener.Multipath(l)
		assert.Equal(t, test.is, on)
		assert.Equal(t, test.is, reason == nil)
		require.NoError(t, l.Close())
	}
}

func TestMultipathOfAnInheritedUnixSocket(t *testing.T) {
	socket, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	defer socket.Close()
	_, reason := listener.Multipath(open(t, &listener.Config{Address: fmt.Sprintf("fd://%d", descriptor(t, socket))}))
	assert.ErrorIs(t, reason, errors.ErrUnsupported)
}

// Package net knows nothing of Config.KeepAlive here.
func TestKeepAliveOfAnInheritedSocket(t *testing.T) {
	socket := made(t, false)
	require.NoError(t, control(socket, func(fd uintptr) {
		require.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 71))
		require.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 72))
		require.NoError(t, unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 73))
	}))
	for _, test := range []struct {
		config net.KeepAliveConfig
		want   [3]int // idle, interval, count
	}{
		{net.KeepAliveConfig{}, [3]int{15, 15, 9}},
		{net.KeepAliveConfig{Enable: true}, [3]int{15, 15, 9}},
		{net.KeepAliveConfig{Enable: true, Idle: 31 * time.Second, Interval: 32 * time.Second, Count: 33}, [3]int{31, 32, 33}},
		{net.KeepAliveConfig{Enable: true, Idle: -1, Interval: -1, Count: -1}, [3]int{71, 72, 73}},
	} {
		l := open(t, &listener.Config{Address: fmt.Sprintf("fd://%d", descriptor(t, socket)), KeepAlive: test.config})
		dial(t, l)
		conn := accept(t, l)
		assert.Equal(t, test.want, [3]int{
			getInt(t, conn, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE),
			getInt(t, conn, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL),
			getInt(t, conn, unix.IPPROTO_TCP, unix.TCP_KEEPCNT),
		})
		assert.Equal(t, 1, getInt(t, conn, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
		require.NoError(t, l.Close())
	}
}
