package integration_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// TestOneListForBothEnds: what was asked for is in force on both ends, past what package net sets by itself, and ss
// sees it too.
func TestOneListForBothEnds(t *testing.T) {
	options, err := sockopt.ParseList("SO_RCVBUF=50000,TCP_NODELAY=false,SO_KEEPALIVE=true,TCP_KEEPIDLE=119s,TCP_USER_TIMEOUT=9s,SO_PRIORITY=5,IP_TOS=16")
	require.NoError(t, err)
	l, d := open(t, &listener.Config{Address: "tcp://127.0.0.1:0", Options: options}, &dialer.Config{Options: options})
	client, server, err := connect(l, d)
	require.NoError(t, err)
	defer client.Close()
	defer server.Close()
	for _, c := range []net.Conn{client, server} {
		require.NoError(t, options.Verify(c.(syscall.Conn)))
		timer := ss(t, "-Htno", "src", c.LocalAddr().String(), "dst", c.RemoteAddr().String())
		assert.Contains(t, timer, "timer:(keepalive,1min", "119 s or less")
		memory := ss(t, "-Htnm", "src", c.LocalAddr().String(), "dst", c.RemoteAddr().String())
		assert.Contains(t, memory, "rb100000")
	}
	require.NoError(t, options.Verify(l.(syscall.Conn)))
}

// ss runs the program that reads sockets past all of this repository.
func ss(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("ss"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("ss is missing (Debian's package iproute2)")
		}
		t.Skip("ss is missing (Debian's package iproute2)")
	}
	out, err := exec.CommandContext(t.Context(), "ss", args...).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// TestMultipath: both ends agree on Multipath TCP, and an option that it refuses makes them plain with a reason.
func TestMultipath(t *testing.T) {
	if enabled, _ := os.ReadFile("/proc/sys/net/mptcp/enabled"); strings.TrimSpace(string(enabled)) != "1" {
		t.Skip("the kernel has no Multipath TCP, or it is off")
	}
	for _, test := range []struct {
		options string
		want    bool
	}{{"SO_RCVBUF=50000,TCP_KEEPIDLE=77s", true}, {"TCP_USER_TIMEOUT=9s", false}, {"SO_DONTROUTE=true", false}} {
		t.Run(test.options, func(t *testing.T) {
			options, err := sockopt.ParseList(test.options)
			require.NoError(t, err)
			l, d := open(t, &listener.Config{Address: "tcp://127.0.0.1:0", Options: options},
				&dialer.Config{Options: options, Multipath: sockopt.MultipathPrefer})
			client, server, err := connect(l, d)
			require.NoError(t, err)
			defer client.Close()
			defer server.Close()
			for _, c := range []net.Conn{client, server} {
				on, err := c.(*net.TCPConn).MultipathTCP()
				require.NoError(t, err)
				assert.Equal(t, test.want, on)
				require.NoError(t, options.Verify(c.(syscall.Conn)))
			}
			_, reason := listener.Multipath(l)
			assert.Equal(t, test.want, reason == nil)
			_, reason = dialer.Multipath(d)
			assert.Equal(t, test.want, reason == nil)
		})
	}
}
