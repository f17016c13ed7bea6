package dialer_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

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
