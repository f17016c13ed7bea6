package dialer_test

import (
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// parse reads a list of options that has to be right.
func parse(t *testing.T, list string) sockopt.Options {
	t.Helper()
	o, err := sockopt.ParseList(list)
	require.NoError(t, err)
	return o
}

// getInt asks the kernel without the help of package sockopt.
func getInt(t *testing.T, c any, level, option int) int {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	var value int
	var getErr error
	require.NoError(t, raw.Control(func(fd uintptr) { value, getErr = unix.GetsockoptInt(int(fd), level, option) }))
	require.NoError(t, getErr)
	return value
}

func TestOptionsOfEachStage(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	options := parse(t, "SO_RCVBUF=65536,SO_MARK=4660,TCP_USER_TIMEOUT=5s,TCP_CORK=true,SO_LINGER=0s,IP_TOS=184")
	c, err := newDialer(t, &dialer.Config{Options: options}).Dial("tcp", l.Addr().String())
	if errors.Is(err, fs.ErrPermission) {
		skipUnlessCI(t, "SO_MARK needs CAP_NET_ADMIN")
	}
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, options.Verify(c.(*net.TCPConn)))
	assert.Equal(t, 2*65536, getInt(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF))
	assert.Equal(t, 4660, getInt(t, c, unix.SOL_SOCKET, unix.SO_MARK))
	assert.Equal(t, 5000, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
	assert.Equal(t, 1, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_CORK))
	assert.Equal(t, 184, getInt(t, c, unix.IPPROTO_IP, unix.IP_TOS))
}

func TestNetOverwritesKeepAliveAndNoDelay(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	for _, test := range []struct {
		name, options                   string
		keepAlive                       net.KeepAliveConfig
		noDelay, alive, idle, intvl, cn int
	}{
		{"defaults of net", "", net.KeepAliveConfig{}, 1, 1, 15, 15, 9},
		{"config", "", net.KeepAliveConfig{Enable: true, Idle: 40 * time.Second, Interval: 5 * time.Second, Count: 3}, 1, 1, 40, 5, 3},
		{"options win", "TCP_NODELAY=false,TCP_KEEPIDLE=30s,TCP_KEEPINTVL=7s,TCP_KEEPCNT=4", net.KeepAliveConfig{}, 0, 1, 30, 7, 4},
		{"no probes", "SO_KEEPALIVE=false", net.KeepAliveConfig{}, 1, 0, 15, 15, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDialer(t, &dialer.Config{Options: parse(t, test.options), KeepAlive: test.keepAlive})
			c, err := d.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			defer c.Close()
			assert.Equal(t, test.noDelay, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY))
			assert.Equal(t, test.alive, getInt(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
			assert.Equal(t, test.idle, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE))
			assert.Equal(t, test.intvl, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL))
			assert.Equal(t, test.cn, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPCNT))
		})
	}
}

func TestKeepAliveTimerAsSSSeesIt(t *testing.T) {
	ss, err := exec.LookPath("ss")
	if err != nil {
		skipUnlessCI(t, "ss (package iproute2) is missing")
	}
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	d := newDialer(t, &dialer.Config{Options: parse(t, "TCP_KEEPIDLE=1000s,SO_SNDBUF=65536")})
	c, err := d.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	port := strconv.Itoa(c.LocalAddr().(*net.TCPAddr).Port)
	out, err := exec.CommandContext(t.Context(), ss, "-tmoieHn", "sport", "=", ":"+port).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Regexp(t, `timer:\(keepalive,1[56]min`, string(out))
	assert.Contains(t, string(out), "tb131072", "doubled by the kernel")
}

func TestDualStackDialWithIPv6OnlyOption(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp4", "127.0.0.1:0")
	echo(t, l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	d := newDialer(t, &dialer.Config{
		Options:  parse(t, "IPV6_V6ONLY=true,IPV6_AUTOFLOWLABEL=false,TCP_NODELAY=false"),
		Resolver: resolver(t, "::1", "127.0.0.1"),
	})
	for _, host := range []string{"localhost", "dual.test"} {
		c, err := d.Dial("tcp", net.JoinHostPort(host, port))
		require.NoError(t, err, host)
		roundTrip(t, c)
		assert.Equal(t, 0, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY))
		c.Close()
	}
	// On tcp4 no leg could ever have it.
	_, err = d.Dial("tcp4", l.Addr().String())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "Options", failure(t, err).Field)
	var option *sockopt.Error
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "IPV6_V6ONLY", option.Option)
}

func TestOptionForAnotherNetworkOpensNothing(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	required := newDialer(t, &dialer.Config{Options: parse(t, "UDP_SEGMENT=1400")})
	noLeak(t)
	c, err := required.Dial("tcp", l.Addr().String())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Nil(t, c)
	assert.Equal(t, "dial", failure(t, err).Op)
	assert.Equal(t, "UDP_SEGMENT=1400", failure(t, err).Value)
	c, err = required.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	assert.Equal(t, 1400, getInt(t, c, unix.IPPROTO_UDP, unix.UDP_SEGMENT))
	c.Close()

	preferred := sockopt.Options{sockopt.Prefer(parse(t, "UDP_SEGMENT=1400")[0])}
	c, err = newDialer(t, &dialer.Config{Options: preferred}).Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	c.Close()
}

func TestReceiveTimeoutIsNotSilentlyAccepted(t *testing.T) {
	_, err := dialer.New(&dialer.Config{Options: parse(t, "SO_RCVTIMEO=1s")})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "SetReadDeadline")
}

func TestFailingOptionLeavesNothingOpen(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	for _, test := range []struct {
		name    string
		options sockopt.Options
		errno   syscall.Errno
	}{
		{"bind", parse(t, "SO_BINDTODEVICE=nosuch0"), unix.ENODEV},
		{"established", parse(t, "TCP_ULP=nosuch"), unix.ENOENT},
		{"raw", sockopt.Options{sockopt.Raw(unix.IPPROTO_TCP, 9999, []byte{1, 0, 0, 0})}, unix.ENOPROTOOPT},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			d := newDialer(t, &dialer.Config{Options: test.options})
			for range 5 {
				c, err := d.Dial("tcp", l.Addr().String())
				require.ErrorIs(t, err, test.errno)
				assert.Nil(t, c)
				var option *sockopt.Error
				require.ErrorAs(t, err, &option)
				assert.Equal(t, test.options[0].Name(), option.Option)
				assert.Equal(t, "tcp4", option.Network)
				assert.Equal(t, "set option", failure(t, err).Op)
			}
		})
	}
}

// A socket of AF_INET6 can hold an IPv4 conn; its options are those of IPv6.
func TestOptionsOfAMappedConn(t *testing.T) {
	l := listen(t, "tcp4", "127.0.0.1:0")
	echo(t, l)
	d := newDialer(t, &dialer.Config{LocalAddr: "[::]:0", Options: parse(t, "TCP_NODELAY=false,IPV6_AUTOFLOWLABEL=false,IP_TTL=9")})
	c, err := d.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, unix.AF_INET6, getInt(t, c, unix.SOL_SOCKET, unix.SO_DOMAIN))
	assert.Equal(t, 0, getInt(t, c, unix.IPPROTO_IPV6, unix.IPV6_AUTOFLOWLABEL))
	assert.Equal(t, 9, getInt(t, c, unix.IPPROTO_IP, unix.IP_TTL))
	assert.Equal(t, 9, getInt(t, c, unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS))
}

func TestOptionsOnOtherNetworks(t *testing.T) {
	needRaw(t)
	options := parse(t, "SO_PRIORITY=3,SO_SNDBUF=65536,SO_KEEPALIVE=true")
	udp, err := net.ListenPacket("udp6", "[::1]:0")
	require.NoError(t, err)
	defer udp.Close()
	path := t.TempDir() + "/s"
	echo(t, listen(t, "unix", path))
	for network, address := range map[string]string{"udp6": udp.LocalAddr().String(), "ip4:icmp": "127.0.0.1", "unix": path} {
		c, err := newDialer(t, &dialer.Config{Options: options}).Dial(network, address)
		require.NoError(t, err, network)
		assert.NoError(t, options.Verify(c.(syscall.Conn)), network)
		assert.Equal(t, 3, getInt(t, c, unix.SOL_SOCKET, unix.SO_PRIORITY))
		assert.Equal(t, 1, getInt(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
		c.Close()
	}
}
