package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
)

// Addresses of the loopback network whose ports no other process uses.
var quiet, busy, third = own(), own(), own()

// own returns a loopback address that nobody else uses.
func own() string {
	return fmt.Sprintf("127.%d.%d.%d", 100+rand.IntN(100), rand.IntN(256), 1+rand.IntN(250))
}

// names is a Config.Lookup that knows the addresses of every name.
func names(addrs ...string) func(context.Context, string, string) ([]netip.Addr, error) {
	list := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		list[i] = netip.MustParseAddr(a)
	}
	return func(context.Context, string, string) ([]netip.Addr, error) { return list, nil }
}

// silent makes an address of the host to which a connect hangs: the kernel drops the SYN, because the queue of the
// listener is full. It returns the port, which port 0 leaves to the system.
func silent(t *testing.T, ip string, port int) int {
	t.Helper()
	a := netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(port))
	family, sa := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: port})
	if a.Addr().Is6() {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: port, Addr: a.Addr().As16()}
	} else {
		sa.(*unix.SockaddrInet4).Addr = a.Addr().As4()
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, sa))
	require.NoError(t, unix.Listen(fd, 0))
	port = portOf(t, fd)
	filler, err := net.Dial("tcp", net.JoinHostPort(ip, strconv.Itoa(port)))
	require.NoError(t, err)
	t.Cleanup(func() { filler.Close() })
	// The kernel says how many conns are in the queue (tcp(7), TCP_INFO). The last part of the handshake may be under way.
	for end := time.Now().Add(eventually); ; time.Sleep(time.Millisecond) {
		info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		require.NoError(t, err)
		if info.Unacked > 0 {
			return port
		}
		require.True(t, time.Now().Before(end), "the queue stays empty")
	}
}

// serving returns the port of an echo server on the host.
func serving(t *testing.T, ip string) int {
	t.Helper()
	l := listen(t, "tcp", net.JoinHostPort(ip, "0"))
	echo(t, l)
	return l.Addr().(*net.TCPAddr).Port
}

func service(port int) string { return fmt.Sprintf("service.test:%d", port) }

func TestFallbackWhenTheFirstVersionIsSilent(t *testing.T) {
	const patient = 300 * time.Millisecond // for the address that answers too
	for _, test := range []struct {
		name   string
		addrs  []string
		answer string
		config dialer.Config
	}{
		{"side by side", []string{quiet, "::1"}, "::1", dialer.Config{FallbackDelay: 20 * time.Millisecond}},
		{"default delay", []string{quiet, "::1"}, "::1", dialer.Config{}},
		{"in turn", []string{quiet, "::1"}, "::1", dialer.Config{FallbackDelay: -1, AddressTimeout: patient}},
		{"preferred", []string{quiet, "::1"}, "::1", dialer.Config{FallbackDelay: time.Hour, Family: dialer.PreferIPv6}},
		{"only", []string{quiet, "::1"}, "::1", dialer.Config{FallbackDelay: time.Hour, Family: dialer.OnlyIPv6}},
		{"next of the version", []string{quiet, "::1", busy}, busy,
			dialer.Config{FallbackDelay: time.Hour, AddressTimeout: patient}},
		{"only the other", []string{"::1", quiet, busy}, busy,
			dialer.Config{AddressTimeout: patient, Family: dialer.OnlyIPv4}},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			port := serving(t, test.answer)
			silent(t, quiet, port)
			test.config.Lookup = names(test.addrs...)
			test.config.Timeout = eventually
			withMoreTime(t, patient, 10*time.Second, func(limit time.Duration) (bool, any) {
				if test.config.AddressTimeout > 0 {
					test.config.AddressTimeout = limit
				}
				c, err := newDialer(t, &test.config).Dial("tcp", service(port))
				if err != nil && failure(t, err).Timeout() && test.config.AddressTimeout > 0 {
					return false, err
				}
				require.NoError(t, err)
				defer c.Close()
				assert.Equal(t, test.answer, c.RemoteAddr().(*net.TCPAddr).IP.String())
				roundTrip(t, c)
				return true, nil
			})
		})
	}
}

func TestFailureOfTheFirstVersionStartsTheOther(t *testing.T) {
	noLeak(t)
	port := closedPort(t, "::1")
	echo(t, listen(t, "tcp", fmt.Sprintf("%s:%d", quiet, port)))
	d := newDialer(t, &dialer.Config{FallbackDelay: time.Hour, Lookup: names("::1", quiet)})
	c, err := d.Dial("tcp", service(port))
	require.NoError(t, err)
	defer c.Close()
	roundTrip(t, c)
}

func TestTheSlowerOneIsClosed(t *testing.T) {
	noLeak(t)
	port := serving(t, "::1")
	silent(t, quiet, port)
	d := newDialer(t, &dialer.Config{FallbackDelay: time.Nanosecond, Lookup: names(quiet, "::1")})
	for range 50 {
		c, err := d.Dial("tcp", service(port))
		require.NoError(t, err)
		c.Close()
	}
}

// Both versions answer at once: whoever comes second has a conn to close.
func TestTheSecondOfTwoWinnersIsClosed(t *testing.T) {
	noLeak(t)
	port := serving(t, "::1")
	l := listen(t, "tcp", fmt.Sprintf(quiet+":%d", port))
	echo(t, l)
	d := newDialer(t, &dialer.Config{FallbackDelay: time.Nanosecond, Lookup: names(quiet, "::1")})
	for range 300 {
		c, err := d.Dial("tcp", service(port))
		require.NoError(t, err)
		c.Close()
	}
}

func TestEveryAttemptIsInTheError(t *testing.T) {
	noLeak(t)
	port := closedPort(t, "::")
	addrs := []string{quiet, "::1", busy, third}
	_, err := newDialer(t, &dialer.Config{Lookup: names(addrs...)}).Dial("tcp", service(port))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	var sys *os.SyscallError
	require.ErrorAs(t, err, &sys)
	var attempts dialer.Attempts
	require.ErrorAs(t, err, &attempts)
	var tried []string
	for _, a := range attempts {
		require.ErrorIs(t, a, syscall.ECONNREFUSED)
		assert.Equal(t, "tcp", a.Network)
		ap, err := netip.ParseAddrPort(a.Address)
		require.NoError(t, err)
		assert.EqualValues(t, port, ap.Port())
		tried = append(tried, ap.Addr().String())
	}
	assert.Equal(t, []string{quiet, busy, third, "::1"}, tried)
	assert.False(t, failure(t, err).Timeout())
	assert.EqualError(t, err, fmt.Sprintf("dialer: dial tcp service.test:%[1]d: %[2]s:%[1]d: connect: connection refused; "+
		"%[3]s:%[1]d: connect: connection refused; %[4]s:%[1]d: connect: connection refused; [::1]:%[1]d: connect: connection refused",
		port, quiet, busy, third))
}

// closedPort returns a port that refuses conns at an address of IPv6, or with "::" at all of the host: it is taken, but
// nobody listens.
func closedPort(t *testing.T, ip string) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet6{Addr: netip.MustParseAddr(ip).As16()}))
	return portOf(t, fd)
}

func portOf(t *testing.T, fd int) int {
	t.Helper()
	sa, err := unix.Getsockname(fd)
	require.NoError(t, err)
	if a, ok := sa.(*unix.SockaddrInet6); ok {
		return a.Port
	}
	return sa.(*unix.SockaddrInet4).Port
}

func TestTimeoutOfAllAndOfOne(t *testing.T) {
	port := silent(t, quiet, 0)
	for _, test := range []struct {
		name    string
		addrs   []string
		config  dialer.Config
		timeout bool
		tried   int
	}{
		{"whole time", []string{"::1", quiet, busy}, dialer.Config{Timeout: 100 * time.Millisecond}, true, 2},
		{"whole time in turn", []string{busy, quiet}, dialer.Config{FallbackDelay: -1, Timeout: 100 * time.Millisecond}, true, 2},
		{"address", []string{quiet, busy}, dialer.Config{AddressTimeout: 100 * time.Millisecond}, false, 2},
		{"last address", []string{busy, quiet}, dialer.Config{AddressTimeout: 100 * time.Millisecond}, true, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			noLeak(t)
			test.config.Lookup = names(test.addrs...)
			// With 2 s or more the addresses would share the time.
			withMoreTime(t, 100*time.Millisecond, 1900*time.Millisecond, func(limit time.Duration) (bool, any) {
				if test.config.Timeout > 0 {
					test.config.Timeout = limit
				} else {
					test.config.AddressTimeout = limit
				}
				_, err := newDialer(t, &test.config).Dial("tcp", service(port))
				var attempts dialer.Attempts
				require.ErrorAs(t, err, &attempts)
				require.True(t, slices.ContainsFunc(attempts, (*dialer.Error).Timeout))
				return errors.Is(err, syscall.ECONNREFUSED) && failure(t, err).Timeout() == test.timeout && len(attempts) == test.tried, err
			})
		})
	}
	// What was not tried any more is not in the list.
	_, err := newDialer(t, &dialer.Config{
		Lookup: names(quiet, "::1"), Timeout: 50 * time.Millisecond, FallbackDelay: time.Hour,
	}).Dial("tcp", service(port))
	var attempts dialer.Attempts
	require.ErrorAs(t, err, &attempts)
	assert.Len(t, attempts, 1)
	assert.True(t, failure(t, err).Timeout())

	_, err = newDialer(t, &dialer.Config{AddressTimeout: 50 * time.Millisecond}).Dial("tcp", fmt.Sprintf(quiet+":%d", port))
	require.Error(t, err, "a literal is one address")
	assert.True(t, failure(t, err).Timeout())
}

// The silent address has a sixth of the time, which is 2 s, and the others have the rest.
func TestAddressesShareTheTime(t *testing.T) {
	for _, test := range []struct {
		left, want time.Duration
		addrs      int
	}{
		{time.Minute, 15 * time.Second, 4}, {time.Minute, time.Minute, 1}, {6 * time.Second, 2 * time.Second, 4},
		{time.Second, time.Second, 4}, {-time.Second, -time.Second / 2, 2},
	} {
		assert.Equal(t, test.want, dialer.Share(test.left, test.addrs))
	}
	noLeak(t)
	port := serving(t, busy)
	silent(t, quiet, port)
	d := newDialer(t, &dialer.Config{Timeout: 12 * time.Second, Lookup: names(quiet, busy, third, own(), own(), own())})
	start := time.Now()
	c, err := d.Dial("tcp", service(port))
	require.NoError(t, err)
	defer c.Close()
	assert.GreaterOrEqual(t, time.Since(start), 1900*time.Millisecond)
}

// TestCancelOfARaceAtAnyMoment cancels dials while they resolve, race, win and lose.
func TestCancelOfARaceAtAnyMoment(t *testing.T) {
	noLeak(t)
	port := serving(t, "::1")
	l := listen(t, "tcp", fmt.Sprintf(quiet+":%d", port))
	echo(t, l)
	d := newDialer(t, &dialer.Config{FallbackDelay: 30 * time.Microsecond, Lookup: names(quiet, "::1")})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 1000 {
				ctx, cancel := context.WithCancel(t.Context())
				timer := time.AfterFunc(time.Duration(rand.IntN(400))*time.Microsecond, cancel)
				c, err := dialer.DialData(ctx, d, "tcp", service(port), []byte("hello"))
				switch {
				case err == nil:
					c.Close()
				case !assert.ErrorIs(t, err, context.Canceled) || !assert.Nil(t, c):
					return
				}
				timer.Stop()
				cancel()
			}
		})
	}
	group.Wait()
}

func TestContextThatEndsAfterARaceYieldsNoConn(t *testing.T) {
	noLeak(t)
	d := newDialer(t, &dialer.Config{Lookup: names(quiet)})
	c, err := d.DialContext(unwatched{t.Context()}, "tcp", service(serving(t, quiet)))
	require.ErrorIs(t, err, context.Canceled)
	assert.Nil(t, c)
}
