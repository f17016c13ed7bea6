package dialer_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
)

// fullListener returns the address of a listener whose queue is full: another
// connect to it hangs, because the kernel drops its SYN.
func fullListener(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", silent(t, "127.0.0.1", 0))
}

func TestCancelDuringConnect(t *testing.T) {
	address := fullListener(t)
	noLeak(t)
	d := newDialer(t, &dialer.Config{TLS: newAuthority(t).client()})
	for range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(20*time.Millisecond, cancel)
		c, err := d.DialContext(ctx, "tcp", address)
		require.ErrorIs(t, err, context.Canceled)
		assert.Nil(t, c)
		timer.Stop()
		cancel()
	}
}

func TestTimeoutDuringConnect(t *testing.T) {
	address := fullListener(t)
	noLeak(t)
	c, err := newDialer(t, &dialer.Config{Timeout: 50 * time.Millisecond}).Dial("tcp", address)
	require.Error(t, err)
	assert.Nil(t, c)
	assert.True(t, failure(t, err).Timeout())

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = newDialer(t, nil).DialContext(ctx, "tcp", address)
	require.Error(t, err)
	assert.True(t, failure(t, err).Timeout())
}

// needRaw skips a test that opens raw sockets where it is not allowed.
func needRaw(t *testing.T) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
	if err != nil {
		skipUnlessCI(t, "raw sockets need CAP_NET_RAW")
	}
	unix.Close(fd)
}

func TestIPNetworks(t *testing.T) {
	needRaw(t)
	for _, test := range []struct{ local, network, address string }{
		{"127.0.0.2", "ip4:icmp", "127.0.0.1"},
		{"127.0.0.2", "ip:1", "127.0.0.1"},
		{"ip4://127.0.0.2", "ip:icmp", "127.0.0.1"},
		{"ip4://127.0.0.2", "ip4:icmp", "127.0.0.1"},
		{"::1", "ip6:58", "::1"},
	} {
		t.Run(test.local+" "+test.network, func(t *testing.T) {
			noLeak(t)
			c, err := newDialer(t, &dialer.Config{LocalAddr: test.local}).Dial(test.network, test.address)
			require.NoError(t, err)
			defer c.Close()
			assert.IsType(t, &net.IPConn{}, c)
			assert.Contains(t, test.local, c.LocalAddr().String())
		})
	}
	_, err := newDialer(t, &dialer.Config{LocalAddr: "ip4://127.0.0.1"}).Dial("ip", "127.0.0.1")
	assert.Error(t, err, "no protocol")
}

func TestUnixpacketAndAbstractNames(t *testing.T) {
	noLeak(t)
	l := listen(t, "unixpacket", fmt.Sprintf("@strata-%d-server", os.Getpid()))
	echo(t, l)
	c, err := newDialer(t, &dialer.Config{LocalAddr: l.Addr().String() + "-client"}).Dial("unixpacket", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, l.Addr().String()+"-client", c.LocalAddr().String())
	roundTrip(t, c)
}

func TestTLSToIPv6LiteralWithZone(t *testing.T) {
	ca := newAuthority(t)
	addr, asked := tlsEcho(t, "tcp6", "[::1]:0", ca.server(t, "::1"))
	c, err := newDialer(t, &dialer.Config{TLS: ca.client()}).Dial("tcp",
		fmt.Sprintf("[::1%%lo]:%d", addr.(*net.TCPAddr).Port))
	require.NoError(t, err)
	defer c.Close()
	assert.Empty(t, <-asked)
	roundTrip(t, c)
}

func TestZoneOfLocalAddr(t *testing.T) {
	l := listen(t, "tcp6", "[::1]:0")
	echo(t, l)
	c, err := newDialer(t, &dialer.Config{LocalAddr: "[::1%lo]:0"}).Dial("tcp6", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}

func TestFailedBindUnwrapsToErrno(t *testing.T) {
	noLeak(t)
	_, err := newDialer(t, &dialer.Config{LocalAddr: "192.0.2.1:0"}).Dial("tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
}
