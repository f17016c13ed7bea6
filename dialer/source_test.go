package dialer_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

func TestPoolOfWhichNoneFits(t *testing.T) {
	noLeak(t)
	d := newDialer(t, &dialer.Config{LocalAddrs: []string{"127.0.0.2", "udp://127.0.0.3"},
		Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.IPv6Loopback()}, nil
		}})
	for address, want := range map[string]string{
		"[::1]:9":        "dialer: dial udp [::1]:9: LocalAddrs=127.0.0.2,udp://127.0.0.3: none is an IPv6 address",
		"service.test:9": "dialer: resolve udp service.test:9: LocalAddrs=127.0.0.2,udp://127.0.0.3: address service.test: no suitable address found",
	} {
		_, err := d.Dial("udp", address)
		assert.EqualError(t, err, want)
	}
	_, err := d.Dial("unix", "/path")
	assert.EqualError(t, err, "dialer: dial unix /path: LocalAddrs=127.0.0.2,udp://127.0.0.3: "+
		"not an address of network unix\nan address of network udp cannot be used on network unix")
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

func TestPoolInNew(t *testing.T) {
	for _, test := range []struct {
		config dialer.Config
		want   string
	}{
		{dialer.Config{LocalAddrs: []string{"127.0.0.2", "", "localhost:0"}},
			`LocalAddrs=127.0.0.2,,localhost:0: "" is not an address` + "\n" + `"localhost:0": host "localhost" is not an IP literal`},
		{dialer.Config{LocalAddrs: []string{"127.0.0.2"}, LocalAddr: "127.0.0.3"}, "LocalAddrs=127.0.0.2: not together with LocalAddr"},
		{dialer.Config{LocalPolicy: 7}, "LocalPolicy=LocalPolicy(7): 7 is not a policy"},
	} {
		_, err := dialer.New(&test.config)
		assert.EqualError(t, err, "dialer: config: "+test.want)
	}
	assert.Equal(t, "round robin", dialer.LocalRoundRobin.String())
	assert.Equal(t, "hash", dialer.LocalHash.String())
}

func TestPoolIsTheDialersOwn(t *testing.T) {
	list := []string{"127.0.0.2"}
	d := newDialer(t, &dialer.Config{LocalAddrs: list})
	list[0] = "127.0.0.3"
	assert.Equal(t, "127.0.0.2", source(t, d, "udp", "127.0.0.1:9"))
}

func TestLocalPortsInNew(t *testing.T) {
	if !sockopt.IPLocalPortRange.Info().Supported {
		_, err := dialer.New(&dialer.Config{LocalPorts: sockopt.PortRange{Low: 40000, High: 41000}})
		assert.Equal(t, "LocalPorts", failure(t, err).Field)
		return
	}
	_, err := dialer.New(&dialer.Config{LocalPorts: sockopt.PortRange{Low: 2, High: 1}})
	assert.Equal(t, "2-1", failure(t, err).Value)
	_, err = dialer.New(&dialer.Config{LocalPorts: sockopt.PortRange{Low: 1, High: 2}, LocalAddr: "127.0.0.1:5"})
	require.EqualError(t, err, "dialer: config: LocalPorts=1-2: the local address has a port")
	d := newDialer(t, &dialer.Config{LocalPorts: sockopt.PortRange{Low: 40000, High: 41000}})
	for network, address := range map[string]string{"unix": "/path", "ip4:icmp": "127.0.0.1"} {
		_, err = d.Dial(network, address)
		assert.Equal(t, "LocalPorts", failure(t, err).Field, network)
	}
}
