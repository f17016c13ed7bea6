package sockopt

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// testProtocol is for raw sockets: a number that RFC 3692 keeps for experiments.
const testProtocol = 253

// socketKinds are the arguments of socket(2) for each network.
var socketKinds = map[Networks][3]int{
	TCP4:         {unix.AF_INET, unix.SOCK_STREAM, 0},
	TCP6:         {unix.AF_INET6, unix.SOCK_STREAM, 0},
	UDP4:         {unix.AF_INET, unix.SOCK_DGRAM, 0},
	UDP6:         {unix.AF_INET6, unix.SOCK_DGRAM, 0},
	IP4:          {unix.AF_INET, unix.SOCK_RAW, testProtocol},
	IP6:          {unix.AF_INET6, unix.SOCK_RAW, testProtocol},
	Unix:         {unix.AF_UNIX, unix.SOCK_STREAM, 0},
	Unixgram:     {unix.AF_UNIX, unix.SOCK_DGRAM, 0},
	Unixpacket:   {unix.AF_UNIX, unix.SOCK_SEQPACKET, 0},
	TCP4 | MPTCP: {unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP},
	TCP6 | MPTCP: {unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_MPTCP},
}

// newSocket opens a socket that is neither bound nor connected.
func newSocket(t *testing.T, network Networks, flags int) *os.File {
	t.Helper()
	k := socketKinds[network]
	return openSocket(t, k[0], k[1]|flags, k[2])
}

// nonBlocking makes a socket like those of package net.
const nonBlocking = unix.SOCK_NONBLOCK

func openSocket(t *testing.T, family, kind, protocol int) *os.File {
	t.Helper()
	if kind&^unix.SOCK_NONBLOCK == unix.SOCK_RAW {
		needRoot(t)
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, protocol)
	require.NoError(t, err)
	f := os.NewFile(uintptr(fd), "socket")
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// needRoot skips a test that an ordinary user cannot run; CI runs all.
func needRoot(t *testing.T) {
	t.Helper()
	if isRoot() {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("needs root")
	}
	t.Skip("needs root")
}

// isRoot is false also for the root of a container, which lacks capabilities.
func isRoot() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	const wanted = 1<<unix.CAP_NET_ADMIN | 1<<unix.CAP_SYS_ADMIN
	return unix.Capget(&header, &data[0]) == nil && data[0].Effective&wanted == wanted
}
