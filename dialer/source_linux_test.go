package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// source dials udp, which needs nobody at the other end, and returns the host that it came from.
func source(t *testing.T, d dialer.Dialer, network, address string) string {
	t.Helper()
	c, err := d.Dial(network, address)
	require.NoError(t, err)
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).IP.String()
}

func TestPoolTakesTurns(t *testing.T) {
	noLeak(t)
	d := newDialer(t, &dialer.Config{LocalAddrs: []string{"127.0.0.2", "::1", "udp4://127.0.0.3:0", "/run/sock", "tcp://127.0.0.4", "127.0.0.5:0"}})
	var got []string
	for range 6 {
		got = append(got, source(t, d, "udp", "127.0.0.1:9"))
		assert.Equal(t, "::1", source(t, d, "udp", "[::1]:9"), "the only one that fits")
	}
	assert.Equal(t, []string{"127.0.0.2", "127.0.0.3", "127.0.0.5", "127.0.0.2", "127.0.0.3", "127.0.0.5"}, got)
}

func TestPoolIsFairToConcurrentDials(t *testing.T) {
	d := newDialer(t, &dialer.Config{LocalAddrs: []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"}})
	var lock sync.Mutex
	count := make(map[string]int)
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for range 50 {
				c, err := d.Dial("udp", "127.0.0.1:9")
				if !assert.NoError(t, err) {
					return
				}
				lock.Lock()
				count[c.LocalAddr().(*net.UDPAddr).IP.String()]++
				lock.Unlock()
				c.Close()
			}
		})
	}
	group.Wait()
	assert.Equal(t, map[string]int{"127.0.0.2": 100, "127.0.0.3": 100, "127.0.0.4": 100}, count)
}

func TestPoolByHash(t *testing.T) {
	config := dialer.Config{LocalPolicy: dialer.LocalHash, LocalAddrs: []string{"127.0.0.2", "::1", "127.0.0.3", "127.0.0.4"}}
	config.Lookup = func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	d, again := newDialer(t, &config), newDialer(t, &config)
	count := make(map[string]int)
	for port := 1000; port < 1300; port++ {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		first := source(t, d, "udp", address)
		assert.Equal(t, first, source(t, d, "udp", address))
		assert.Equal(t, first, source(t, again, "udp4", address), "no state, no seed")
		count[first]++
	}
	for _, ip := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"} {
		assert.InDelta(t, 100, count[ip], 40, ip)
	}
	assert.Equal(t, source(t, d, "udp", "Service.test:9"), source(t, d, "udp", "service.TEST:9"))
}

// Package net would dial both versions side by side with one source.
func TestPoolToTheLocalSystem(t *testing.T) {
	noLeak(t)
	for _, test := range []struct{ pool, network, address, want string }{
		{"127.0.0.2", "udp", ":9", "127.0.0.2"},
		{"127.0.0.2", "udp", "[::]:9", "127.0.0.2"},
		{"::1", "udp", ":9", "::1"},
		{"::1", "udp6", "[::]:9", "::1"},
		{"udp6://:0", "udp", ":9", "::1"},
		{":0", "udp", ":9", "127.0.0.1"},
		{"0.0.0.0", "udp", "[::1]:9", "::1"},
	} {
		d := newDialer(t, &dialer.Config{LocalAddrs: []string{test.pool}})
		assert.Equal(t, test.want, source(t, d, test.network, test.address), test)
	}
}

func TestPoolIsTheDialersOwn(t *testing.T) {
	list := []string{"127.0.0.2"}
	d := newDialer(t, &dialer.Config{LocalAddrs: list})
	list[0] = "127.0.0.3"
	assert.Equal(t, "127.0.0.2", source(t, d, "udp", "127.0.0.1:9"))
}

// dialMany opens n conns to each address and returns them until the first error.
func dialMany(t *testing.T, d dialer.Dialer, n int, addresses ...string) (conns []net.Conn, err error) {
	t.Helper()
	t.Cleanup(func() {
		for _, c := range conns {
			c.Close()
		}
	})
	for _, address := range addresses {
		for range n {
			c, err := d.Dial("tcp", address)
			if err != nil {
				return conns, err
			}
			conns = append(conns, c)
		}
	}
	return conns, nil
}

// With 40 ports there are 60 conns to two targets, but only to different targets from the same port.
func TestTargetsSharePortsOfASource(t *testing.T) {
	noLeak(t)
	var addresses []string
	for range 2 {
		l := listen(t, "tcp", "127.0.0.1:0")
		echo(t, l)
		addresses = append(addresses, l.Addr().String())
	}
	// Somebody else's, or a previous run's, are not likely there. A reset at the end leaves no port behind.
	low := uint16(36000 + 40*rand.IntN(500))
	ports := sockopt.PortRange{Low: low, High: low + 39}
	reset := parse(t, "SO_LINGER=0s")
	for _, test := range []struct {
		name    string
		config  dialer.Config
		refused bool
	}{
		{"address", dialer.Config{LocalAddr: own(), Options: reset}, false},
		{"pool", dialer.Config{LocalAddrs: []string{own()}, Options: reset}, false},
		{"switched off", dialer.Config{LocalAddr: own(), Options: parse(t, "IP_BIND_ADDRESS_NO_PORT=false,SO_LINGER=0s")}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.config.LocalPorts = ports
			conns, err := dialMany(t, newDialer(t, &test.config), 30, addresses...)
			if errors.Is(err, errors.ErrUnsupported) {
				skipUnlessCI(t, "IP_LOCAL_PORT_RANGE needs Linux 6.3")
			}
			if test.refused {
				require.ErrorIs(t, err, syscall.EADDRINUSE)
				return
			}
			require.NoError(t, err)
			used := make(map[int]int)
			for _, c := range conns {
				used[c.LocalAddr().(*net.TCPAddr).Port]++
				assert.Equal(t, 1, getInt(t, c, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT))
			}
			assert.LessOrEqual(t, len(used), 40)
			for port := range used {
				assert.GreaterOrEqual(t, port, int(ports.Low))
				assert.LessOrEqual(t, port, int(ports.High))
			}
		})
	}
}

func TestLocalPortsOutsideOfTheSystems(t *testing.T) {
	d := newDialer(t, &dialer.Config{LocalPorts: sockopt.PortRange{Low: 100, High: 200}})
	_, err := d.Dial("tcp", "127.0.0.1:9")
	e := failure(t, err)
	assert.Equal(t, []string{"set option", "LocalPorts", "100-200"}, []string{e.Op, e.Field, e.Value})
	var option *sockopt.Error
	require.ErrorAs(t, err, &option)
	assert.Equal(t, "IP_LOCAL_PORT_RANGE", option.Option)
}

func TestLocalPortsWithoutALocalAddress(t *testing.T) {
	d := newDialer(t, &dialer.Config{LocalPorts: sockopt.PortRange{Low: 45000, High: 45999}})
	c, err := d.Dial("udp", "[::1]:9")
	require.NoError(t, err)
	defer c.Close()
	assert.Equal(t, 45, c.LocalAddr().(*net.UDPAddr).Port/1000)
	assert.Zero(t, getInt(t, c, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT))
}

func TestInterface(t *testing.T) {
	noLeak(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	options := parse(t, "TCP_NODELAY=false,SO_RCVBUF=65536")
	c, err := newDialer(t, &dialer.Config{Interface: "lo", Options: options}).Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	name, err := sockopt.BindToDevice.Get(c.(*net.TCPConn))
	require.NoError(t, err)
	assert.Equal(t, "lo", name)
	assert.NoError(t, options.Verify(c.(*net.TCPConn)))
	roundTrip(t, c)

	missing := newDialer(t, &dialer.Config{Interface: "strata-none"})
	_, err = missing.Dial("tcp", l.Addr().String())
	require.ErrorIs(t, err, syscall.ENODEV)
	e := failure(t, err)
	assert.Equal(t, []string{"set option", "Interface", "strata-none"}, []string{e.Op, e.Field, e.Value})
	_, err = missing.Dial("unix", "/path")
	assert.EqualError(t, err, "dialer: dial unix /path: Interface=strata-none: network unix has no interfaces")
	_, err = dialer.New(&dialer.Config{Interface: "a name that is too long"})
	assert.Equal(t, "Interface", failure(t, err).Field)
}
