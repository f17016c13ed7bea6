package udpbatch_test

import (
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpbatch"
)

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		s, network, host string
		port             uint16
	}{
		{"127.0.0.1:0", "udp", "127.0.0.1", 0},
		{":53", "udp", "", 53},
		{"udp4://:65535", "udp4", "", 65535},
		{"udp6://[::1]:5", "udp6", "::1", 5},
		{"udp6://[fe80::1%eth0]:5", "udp6", "fe80::1%eth0", 5},
		{"udp://example.com:443", "udp", "example.com", 443},
		{"udp4://[::ffff:10.0.0.1]:1", "udp4", "::ffff:10.0.0.1", 1},
	} {
		network, host, port, err := udpbatch.ParseAddress(test.s)
		require.NoError(t, err, test.s)
		assert.Equal(t, test.network, network, test.s)
		assert.Equal(t, test.host, host, test.s)
		assert.Equal(t, test.port, port, test.s)
	}
}

// What is taken is of a UDP network, means the same when it is written anew, and
// has no address of the other version of IP.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"", ":", "127.0.0.1:0", "udp4://:53", "udp6://[::1]:0", "udp6://10.0.0.1:1", "x://", "[::1%1]:2", "a:b:c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		network, host, port, err := udpbatch.ParseAddress(s)
		if err != nil {
			return
		}
		again := network + "://" + net.JoinHostPort(host, strconv.Itoa(int(port)))
		n, h, p, err := udpbatch.ParseAddress(again)
		if err != nil || n != network || h != host || p != port {
			t.Errorf("%q is not %q: %v", again, s, err)
		}
		if ip, err := netip.ParseAddr(host); err == nil && network != "udp" && (network == "udp4") != ip.Unmap().Is4() {
			t.Errorf("%s on %s", ip, network)
		}
	})
}
