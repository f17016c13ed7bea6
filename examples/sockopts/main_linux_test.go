package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sysctl reads a number of the kernel's configuration; fields count from 0.
func sysctl(t *testing.T, path string, field int) int {
	t.Helper()
	text, err := os.ReadFile("/proc/sys/net/" + path)
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.Fields(string(text))[field])
	require.NoError(t, err)
	return n
}

// The defaults are those of this kernel.
func TestDefaults(t *testing.T) {
	lines := cells(runWith(t).out)
	interval := time.Duration(sysctl(t, "ipv4/tcp_keepalive_intvl", 0)) * time.Second
	assert.Equal(t, interval.String(), lines["TCP_KEEPINTVL"][4])
	assert.Equal(t, strconv.Itoa(sysctl(t, "ipv4/ip_default_ttl", 0)), lines["IP_TTL"][4])
	assert.Contains(t, lines["SO_RCVBUF"][4], fmt.Sprintf("%d tcp", sysctl(t, "ipv4/tcp_rmem", 1)))
	assert.Contains(t, lines["SO_RCVBUF"][4], fmt.Sprintf("%d udp", sysctl(t, "core/rmem_default", 0)))
	assert.Equal(t, "of the socket", lines["SO_COOKIE"][4])
	assert.Equal(t, "CAP_NET_ADMIN or CAP_NET_RAW", lines["SO_MARK"][6])
	assert.Equal(t, `""`, lines["SO_BINDTODEVICE"][4])
}

// A buffer that the kernel cuts to its limit is a difference.
func TestClampedBuffer(t *testing.T) {
	address, _ := listen(t)
	limit := sysctl(t, "core/rmem_max", 0)
	r := runWith(t, "tcp", address, fmt.Sprintf("SO_SNDBUF=65536,SO_RCVBUF=%d", limit+4096))
	assert.Equal(t, 1, r.status)
	assert.Equal(t, "1 of 2 options did not take effect\n", r.diag)
	lines := cells(r.out)
	assert.Equal(t, []string{"SO_SNDBUF", "65536", "131072", "ok"}, lines["SO_SNDBUF"])
	require.Len(t, lines["SO_RCVBUF"], 4)
	assert.Equal(t, strconv.Itoa(2*limit), lines["SO_RCVBUF"][2])
	assert.Contains(t, lines["SO_RCVBUF"][3], "DIFFERS: the kernel says")
}

func TestMetrics(t *testing.T) {
	address, _ := listen(t)
	r := runWith(t, "tcp", address, "TCP_KEEPIDLE=30s,TCP_CORK=false,TCP_QUICKACK=true")
	require.Zero(t, r.status, r.diag)
	lines := cells(r.out)
	assert.Equal(t, []string{"TCP_KEEPIDLE", "30s", "30s", "ok"}, lines["TCP_KEEPIDLE"])
	require.Len(t, lines["TCP_QUICKACK"], 4)
	assert.Equal(t, "live, not compared", lines["TCP_QUICKACK"][3])
	require.Contains(t, lines, "round trip time")
	assert.Regexp(t, `^[\d.]+[µm]?s, varies by `, lines["round trip time"][1])
	assert.Regexp(t, `^[1-9]\d* segments of [1-9]\d* bytes$`, lines["congestion window"][1])
}

// An option of the listening stage can have no effect on a conn.
func TestListeningOption(t *testing.T) {
	address, accepted := listen(t)
	r := runWith(t, "tcp", address, "TCP_DEFER_ACCEPT=5s")
	assert.Equal(t, 2, r.status)
	assert.Contains(t, r.diag, "only at stage listening")
	assert.Zero(t, accepted())
}

func TestNoDescriptorIsLeft(t *testing.T) {
	address, _ := listen(t)
	count := func() int {
		files, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(files)
	}
	require.Zero(t, runWith(t).status) // what package net opens once stays open
	before := count()
	for range 3 {
		require.Zero(t, runWith(t).status)
		require.Equal(t, 1, runWith(t, "tcp", address, "TCP_MAXSEG=1200,SO_RCVBUF=2000000000").status)
	}
	assert.Eventually(t, func() bool { return count() <= before }, 30*time.Second, 10*time.Millisecond,
		"the listener closes its ends a little later, those of earlier tests too")
}
