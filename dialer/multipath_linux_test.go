package dialer_test

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

const protocolMPTCP = 262

// skipUnlessCI skips for the reason, but CI has to have everything.
func skipUnlessCI(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func needMPTCP(t *testing.T) {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/mptcp/enabled")
	if err != nil || strings.TrimSpace(string(b)) != "1" {
		skipUnlessCI(t, "net.mptcp.enabled is not 1")
	}
}

// serve returns the address of an echo server that speaks MPTCP or not.
func serve(t *testing.T, mptcp bool) string {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(mptcp)
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	echo(t, l)
	return l.Addr().String()
}

func TestMultipath(t *testing.T) {
	needMPTCP(t)
	address := serve(t, true)
	for _, test := range []struct {
		name, options string
		mode          sockopt.Multipath
		on            bool
		reason        string
	}{
		{"default", "", sockopt.MultipathDefault, false, "default"},
		{"off", "", sockopt.MultipathOff, false, "off"},
		{"prefer", "", sockopt.MultipathPrefer, true, ""},
		{"prefer, option refuses", "TCP_USER_TIMEOUT=5s", sockopt.MultipathPrefer, false, "TCP_USER_TIMEOUT"},
		{"prefer, option fits", "TCP_NODELAY=false", sockopt.MultipathPrefer, true, ""},
		{"require", "", sockopt.MultipathRequire, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			// What GODEBUG says must not matter.
			t.Setenv("GODEBUG", map[bool]string{true: "multipathtcp=0", false: "multipathtcp=1"}[test.on])
			options := parse(t, test.options)
			d := newDialer(t, &dialer.Config{Multipath: test.mode, Options: options})
			on, reason := dialer.Multipath(d)
			assert.Equal(t, test.on, on)
			if test.on {
				assert.NoError(t, reason)
			} else {
				assert.ErrorContains(t, reason, test.reason)
			}
			c, err := d.Dial("tcp", address)
			require.NoError(t, err)
			defer c.Close()
			assert.Equal(t, test.on, getInt(t, c, unix.SOL_SOCKET, unix.SO_PROTOCOL) == protocolMPTCP)
			assert.NoError(t, options.Verify(c.(*net.TCPConn)))
			roundTrip(t, c)
		})
	}
}

func TestMultipathRequireWithRefusingOption(t *testing.T) {
	_, err := dialer.New(&dialer.Config{Multipath: sockopt.MultipathRequire, Options: parse(t, "TCP_USER_TIMEOUT=5s")})
	e := failure(t, err)
	assert.Equal(t, "Multipath", e.Field)
	assert.Equal(t, "require", e.Value)
	assert.ErrorContains(t, err, "TCP_USER_TIMEOUT")
}

func TestMultipathWithAPlainPeer(t *testing.T) {
	needMPTCP(t)
	address := serve(t, false)
	noLeak(t)
	c, err := newDialer(t, &dialer.Config{Multipath: sockopt.MultipathPrefer}).Dial("tcp", address)
	require.NoError(t, err)
	on, err := c.(*net.TCPConn).MultipathTCP()
	require.NoError(t, err)
	assert.False(t, on)
	c.Close()

	c, err = newDialer(t, &dialer.Config{Multipath: sockopt.MultipathRequire}).Dial("tcp", address)
	assert.EqualError(t, err, "dialer: dial tcp "+address+": Multipath=require: the conn fell back to plain TCP")
	assert.Nil(t, c)
}

// Package net calls Control a second time, on a plain socket, when it fails on
// the MPTCP one: the option must be in force there.
func TestControlUnderMPTCPFallback(t *testing.T) {
	needMPTCP(t)
	noLeak(t)
	address := serve(t, true)
	options := sockopt.Options{
		sockopt.Raw(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, []byte{0x88, 0x13, 0, 0}), // not in the table's terms
		parse(t, "SO_RCVBUF=65536")[0],
	}
	c, err := newDialer(t, &dialer.Config{Multipath: sockopt.MultipathPrefer, Options: options}).Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	assert.NotEqual(t, protocolMPTCP, getInt(t, c, unix.SOL_SOCKET, unix.SO_PROTOCOL))
	assert.Equal(t, 5000, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
	assert.Equal(t, 131072, getInt(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF))
}

func TestMultipathOnOtherNetworks(t *testing.T) {
	d := newDialer(t, &dialer.Config{Multipath: sockopt.MultipathRequire})
	c, err := d.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	c.Close()
}
