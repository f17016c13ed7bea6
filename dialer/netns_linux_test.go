package dialer_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// greet serves a text to each client.
func greet(t *testing.T, l net.Listener, text string) {
	t.Helper()
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, text)
			c.Close()
		}
	})
	t.Cleanup(func() {
		l.Close()
		group.Wait()
	})
}

// listen opens a listener of the namespace.
func (s *space) listen(t *testing.T, network, address string) net.Listener {
	t.Helper()
	var l net.Listener
	var err error
	s.run(t, func() { l, err = net.Listen(network, address) })
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// cookie says which namespace a conn belongs to.
func cookie(t *testing.T, c net.Conn) uint64 {
	t.Helper()
	n, err := sockopt.NetnsCookie.Get(c.(syscall.Conn))
	require.NoError(t, err)
	return n
}

// threadsElsewhere counts the threads of this process in another namespace than it.
func threadsElsewhere(t *testing.T) int {
	t.Helper()
	home, err := os.Readlink("/proc/self/ns/net")
	require.NoError(t, err)
	tasks, err := filepath.Glob("/proc/self/task/*/ns/net")
	require.NoError(t, err)
	n := 0
	for _, task := range tasks {
		if where, err := os.Readlink(task); err == nil && where != home {
			n++
		}
	}
	return n
}

// atHome checks at the end that no thread stays in another namespace.
func atHome(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		end := time.Now().Add(eventually)
		for threadsElsewhere(t) > 0 && time.Now().Before(end) {
			time.Sleep(5 * time.Millisecond)
		}
		assert.Zero(t, threadsElsewhere(t), "threads in another namespace")
	})
}

// TestNamespaces: the same address is another server in each of two namespaces and outside, for many dials at once.
func TestNamespaces(t *testing.T) {
	noLeak(t)
	atHome(t)
	outside := listen(t, "tcp", "127.0.0.1:0")
	address := outside.Addr().String()
	greet(t, outside, "outside")
	dialers := map[string]dialer.Dialer{"outside": newDialer(t, nil)}
	for _, name := range []string{"one", "two"} {
		s := newSpace(t)
		greet(t, s.listen(t, "tcp", address), name)
		dialers[name] = newDialer(t, &dialer.Config{Netns: s.path()})
		dialers[name+" by name"] = newDialer(t, &dialer.Config{Netns: s.path(), Lookup: names("::1", "127.0.0.1"), FallbackDelay: 1})
		dialers[name+" mptcp"] = newDialer(t, &dialer.Config{Netns: s.path(), Multipath: sockopt.MultipathPrefer})
	}
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	var group sync.WaitGroup
	for name, d := range dialers {
		group.Go(func() {
			for range 40 {
				target := address
				if len(name) > 4 && name[4:] == "by name" {
					target = net.JoinHostPort("service.test", port)
				}
				c, err := d.Dial("tcp", target)
				if !assert.NoError(t, err) {
					return
				}
				text, err := io.ReadAll(c)
				c.Close()
				assert.NoError(t, err)
				assert.True(t, strings.HasPrefix(name, string(text)), "%s reached %s", name, text)
			}
		})
	}
	group.Wait()
}

func TestNamespaceByName(t *testing.T) {
	noLeak(t)
	home := newSpace(t) // a test that needs root skips here
	name := "strata-test-" + strconv.Itoa(os.Getpid())
	d := newDialer(t, &dialer.Config{Netns: name})
	_, err := d.Dial("tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, os.ErrNotExist)
	assert.EqualError(t, err, "dialer: dial tcp 127.0.0.1:1: Netns="+name+": open /run/netns/"+name+": no such file or directory")

	home.ip(t, "netns", "add", name)
	t.Cleanup(func() { runCommand(t, "ip", "netns", "delete", name) })
	runCommand(t, "ip", "-n", name, "link", "set", "lo", "up")
	c, err := d.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	defer c.Close()
	own, err := net.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	defer own.Close()
	assert.NotEqual(t, cookie(t, own), cookie(t, c))
}

func TestNetworksInANamespace(t *testing.T) {
	needRaw(t)
	noLeak(t)
	atHome(t)
	s := newSpace(t)
	name := "@strata-" + strconv.Itoa(os.Getpid())
	greet(t, s.listen(t, "unix", name), "inside")
	inside := listenPacket(t, s, "udp6", "[::1]:0").LocalAddr().String()
	_, port, err := net.SplitHostPort(inside)
	require.NoError(t, err)
	for _, test := range []struct{ network, address string }{
		{"unix", name}, {"udp", inside}, {"udp6", inside}, {"ip4:icmp", "127.0.0.1"}, {"ip", "::"},
		{"udp", ":" + port}, {"udp", "[::]:" + port}, {"ip6:58", "::"}, {"ip:58", ""},
	} {
		t.Run(test.network+" "+test.address, func(t *testing.T) {
			d := newDialer(t, &dialer.Config{Netns: s.path(), Options: parse(t, "SO_RCVBUF=65536")})
			c, err := d.Dial(test.network, test.address)
			if test.network == "ip" {
				require.ErrorIs(t, err, net.UnknownNetworkError("ip"))
				return
			}
			require.NoError(t, err)
			defer c.Close()
			assert.Equal(t, 131072, getInt(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF))
			own, err := net.Dial("udp", "127.0.0.1:9")
			require.NoError(t, err)
			defer own.Close()
			assert.NotEqual(t, cookie(t, own), cookie(t, c))
		})
	}
}

func listenPacket(t *testing.T, s *space, network, address string) net.PacketConn {
	t.Helper()
	var c net.PacketConn
	var err error
	s.run(t, func() { c, err = net.ListenPacket(network, address) })
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// The local system over both versions of IP, which package net would dial side by side in goroutines of its own.
func TestUnspecifiedAddressInANamespace(t *testing.T) {
	noLeak(t)
	atHome(t)
	s := newSpace(t)
	l := s.listen(t, "tcp", "127.0.0.1:0")
	greet(t, l, "inside")
	for _, host := range []string{"", "::"} {
		c, err := newDialer(t, &dialer.Config{Netns: s.path()}).Dial("tcp", net.JoinHostPort(host, strconv.Itoa(l.Addr().(*net.TCPAddr).Port)))
		require.NoError(t, err)
		expect(t, c, "inside")
		c.Close()
	}
}

func TestNamesAreResolvedOutsideOfTheNamespace(t *testing.T) {
	noLeak(t)
	s := newSpace(t)
	l := s.listen(t, "tcp", "127.0.0.1:0")
	greet(t, l, "inside")
	d := newDialer(t, &dialer.Config{Netns: s.path(), Resolver: resolver(t, "127.0.0.1")}) // a server on our own loopback
	c, err := d.Dial("tcp", service(l.Addr().(*net.TCPAddr).Port))
	require.NoError(t, err)
	defer c.Close()
	expect(t, c, "inside")
}

// Package net opens a second socket for each of these, after the thread has returned.
func TestSecondSocketIsOfTheNamespaceToo(t *testing.T) {
	needMPTCP(t)
	noLeak(t)
	atHome(t)
	s := newSpace(t)
	l := s.listen(t, "tcp", "127.0.0.1:0")
	greet(t, l, "inside")
	address := l.Addr().String()

	// Multipath TCP is refused, and so is plain TCP.
	closed := fmt.Sprintf("127.0.0.1:%d", closedPort(t, "::"))
	mptcp := newDialer(t, &dialer.Config{Netns: s.path(), Multipath: sockopt.MultipathPrefer})
	_, err := mptcp.Dial("tcp", closed)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)

	// Multipath TCP is off inside.
	s.set(t, "mptcp/enabled", "0")
	c, err := mptcp.Dial("tcp", address)
	require.NoError(t, err)
	expect(t, c, "inside")
	c.Close()
	s.set(t, "mptcp/enabled", "1")

	// An option is refused by the MPTCP socket, which happens before the thread returns.
	option := sockopt.Options{sockopt.Raw(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, []byte{0x88, 0x13, 0, 0})}
	c, err = newDialer(t, &dialer.Config{Netns: s.path(), Multipath: sockopt.MultipathPrefer, Options: option}).Dial("tcp", address)
	require.NoError(t, err)
	assert.Equal(t, 5000, getInt(t, c, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
	expect(t, c, "inside")
	c.Close()

	// The address is not available; it would be outside.
	for _, mode := range []sockopt.Multipath{sockopt.MultipathOff, sockopt.MultipathPrefer} {
		s.ip(t, "addr", "replace", "10.9.8.7/32", "dev", "lo")
		l := s.listen(t, "tcp", "10.9.8.7:0")
		s.ip(t, "addr", "del", "10.9.8.7/32", "dev", "lo")
		for _, config := range []dialer.Config{{LocalAddr: "10.9.8.7"}, {Multipath: mode, LocalAddr: "10.9.8.7"}} {
			config.Netns = s.path()
			_, err = newDialer(t, &config).Dial("tcp", l.Addr().String())
			require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
			assert.EqualError(t, err, "dialer: dial tcp "+l.Addr().String()+": cannot assign requested address")
		}
	}
}

// TestThreadThatCannotReturn: the thread ends, and the dial says why it failed.
func TestThreadThatCannotReturn(t *testing.T) {
	for _, mode := range []sockopt.Multipath{sockopt.MultipathOff, sockopt.MultipathPrefer} {
		t.Run(mode.String(), func(t *testing.T) {
			noLeak(t)
			atHome(t)
			s := newSpace(t)
			l := s.listen(t, "tcp", "127.0.0.1:0")
			greet(t, l, "inside")
			d := newDialer(t, &dialer.Config{Netns: s.path(), Multipath: mode})
			var calls atomic.Int32
			var thread atomic.Int32
			dialer.WrapSetns(d, func(setns func(int) error) func(int) error {
				return func(fd int) error {
					if calls.Add(1) == 2 {
						thread.Store(int32(unix.Gettid()))
						return syscall.EMFILE
					}
					return setns(fd)
				}
			})
			c, err := d.Dial("tcp", l.Addr().String())
			assert.Nil(t, c)
			require.ErrorIs(t, err, syscall.EMFILE)
			assert.EqualError(t, err, "dialer: dial tcp "+l.Addr().String()+": Netns="+s.path()+
				": return from the namespace: setns: too many open files")
			assert.Eventually(t, func() bool {
				_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread.Load()))
				return os.IsNotExist(err)
			}, eventually, time.Millisecond, "the thread lives on")

			c, err = d.Dial("tcp", l.Addr().String())
			require.NoError(t, err, "and the next dial is well")
			expect(t, c, "inside")
			c.Close()
		})
	}
}

// Control is not called when there is no socket to begin with.
func TestThreadReturnsWithoutASocket(t *testing.T) {
	noLeak(t)
	atHome(t)
	s := newSpace(t)
	d := newDialer(t, &dialer.Config{Netns: s.path()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		_, err := d.DialContext(ctx, "tcp", "127.0.0.1:1")
		require.ErrorIs(t, err, context.Canceled)
	}
	var calls atomic.Int32
	dialer.WrapSetns(d, func(setns func(int) error) func(int) error {
		return func(fd int) error {
			if calls.Add(1) == 2 {
				return syscall.EMFILE
			}
			return setns(fd)
		}
	})
	_, err := d.DialContext(ctx, "tcp", "127.0.0.1:1")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, syscall.EMFILE)
}

func TestNamespaceThatIsNone(t *testing.T) {
	noLeak(t)
	atHome(t)
	newSpace(t) // skips without privilege
	for path, want := range map[string]error{
		"/proc/self/ns/uts":               syscall.EINVAL,
		t.TempDir() + "/missing":          os.ErrNotExist,
		"/proc/self/" + "\x00" + "ns/net": syscall.EINVAL,
	} {
		_, err := newDialer(t, &dialer.Config{Netns: path}).Dial("tcp", "127.0.0.1:1")
		require.ErrorIs(t, err, want)
		assert.Equal(t, []string{"Netns", path}, []string{failure(t, err).Field, failure(t, err).Value})
	}
}

func TestConnectInANamespaceHoldsNoThread(t *testing.T) {
	noLeak(t)
	s := newSpace(t)
	var port int
	s.run(t, func() { port = silent(t, "127.0.0.1", 0) })
	d := newDialer(t, &dialer.Config{Netns: s.path()})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			_, err := d.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
	// All of them have sent their SYN, and no thread is inside any more.
	assert.Eventually(t, func() bool {
		waiting := strings.Count(s.command(t, "ss", "-Htn", "state", "syn-sent"), "\n")
		return waiting == 100 && threadsElsewhere(t) == 0
	}, eventually, 10*time.Millisecond)
	cancel()
	group.Wait()
}

func TestTimeoutInANamespaceIsOneForAllSockets(t *testing.T) {
	needMPTCP(t)
	s := newSpace(t)
	var port int
	s.run(t, func() { port = silent(t, "127.0.0.1", 0) })
	d := newDialer(t, &dialer.Config{Netns: s.path(), Multipath: sockopt.MultipathPrefer, Timeout: 1500 * time.Millisecond})
	// The time of two would be 3 s. A busy machine only adds, so one of some tries is enough.
	least := time.Hour
	for range 5 {
		start := time.Now()
		_, err := d.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		assert.True(t, failure(t, err).Timeout())
		if least = min(least, time.Since(start)); least < 2900*time.Millisecond {
			return
		}
	}
	t.Errorf("it took %v at least", least)
}

func TestCancelInANamespaceAtAnyMoment(t *testing.T) {
	noLeak(t)
	atHome(t)
	s := newSpace(t)
	l := s.listen(t, "tcp", "127.0.0.1:0")
	greet(t, l, "inside")
	d := newDialer(t, &dialer.Config{Netns: s.path()})
	for range 1000 {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(rand.IntN(300))*time.Microsecond, cancel)
		c, err := d.DialContext(ctx, "tcp", l.Addr().String())
		if err == nil {
			c.Close()
		} else {
			require.ErrorIs(t, err, context.Canceled)
		}
		timer.Stop()
		cancel()
	}
}

// Package net would look for the interface outside, where it is another one or none.
func TestZonesAreOfTheNamespace(t *testing.T) {
	needRaw(t)
	noLeak(t)
	atHome(t)
	s := newSpace(t)
	s.ip(t, "link", "add", "strata0", "type", "veth", "peer", "name", "strata1")
	s.ip(t, "link", "set", "strata0", "up")
	s.ip(t, "link", "set", "strata1", "up")
	s.ip(t, "addr", "add", "fe80::1/64", "dev", "strata0", "nodad")
	index, _, _ := strings.Cut(s.command(t, "ip", "-o", "link", "show", "strata0"), ":")
	l := s.listen(t, "tcp6", "[::]:0") // not on the zone, which package net would then remember
	greet(t, l, "inside")
	port := l.Addr().(*net.TCPAddr).Port
	for _, zone := range []string{"strata0", index} {
		for network, address := range map[string]string{
			"tcp": fmt.Sprintf("[fe80::1%%%s]:%d", zone, port), "udp": "[fe80::1%" + zone + "]:9", "ip6:58": "fe80::1%" + zone,
		} {
			for _, source := range []string{"", "fe80::1%" + zone} {
				c, err := newDialer(t, &dialer.Config{Netns: s.path(), LocalAddr: source}).Dial(network, address)
				require.NoError(t, err, "%s from %q", address, source)
				if network == "tcp" {
					expect(t, c, "inside")
				}
				c.Close()
			}
		}
	}
	missing := "[fe80::1%strata9]:9"
	for _, config := range []dialer.Config{{}, {LocalAddr: "fe80::1%strata9"}} {
		config.Netns = s.path()
		_, err := newDialer(t, &config).Dial("udp", missing)
		require.ErrorIs(t, err, syscall.ENODEV)
		assert.EqualError(t, err, "dialer: dial udp "+missing+": Netns="+s.path()+": zone strata9: ioctl: no such device")
	}
	c, err := newDialer(t, &dialer.Config{Netns: s.path()}).Dial("unixgram", "@fe80::1%strata9")
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "a path has no zone")
	assert.Nil(t, c)
}

func TestInterfaceAndSourceOfANamespace(t *testing.T) {
	noLeak(t)
	s := newSpace(t)
	s.ip(t, "link", "add", "strata0", "type", "veth", "peer", "name", "strata1")
	s.ip(t, "link", "set", "strata0", "up")
	s.ip(t, "addr", "add", "10.9.8.1/24", "dev", "strata0")
	d := newDialer(t, &dialer.Config{Netns: s.path(), Interface: "strata0", LocalAddrs: []string{"10.9.8.1"}})
	c, err := d.Dial("udp", "10.9.8.2:9")
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, netip.MustParseAddr("10.9.8.1"), c.LocalAddr().(*net.UDPAddr).AddrPort().Addr())
}
