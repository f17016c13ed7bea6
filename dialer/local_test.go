package dialer_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func TestLocalAddr(t *testing.T) {
	for _, test := range []struct{ local, network, want, dialled string }{
		{"127.0.0.1:0", "tcp", "127.0.0.1:0", "tcp"},
		{"127.0.0.1:65535", "udp4", "127.0.0.1:65535", "udp4"},
		{"127.0.0.1", "tcp", "127.0.0.1:0", "tcp"},
		{"127.0.0.1", "udp", "127.0.0.1:0", "udp"},
		{"127.0.0.1", "ip", "127.0.0.1", "ip"},
		{"[::1]:0", "tcp6", "[::1]:0", "tcp6"},
		{"[::1]", "udp", "[::1]:0", "udp"},
		{"::1", "ip6", "::1", "ip6"},
		{"[fe80::1%eth0]:7", "tcp", "[fe80::1%eth0]:7", "tcp"},
		{"fe80::1%eth0", "ip6", "fe80::1%eth0", "ip6"},
		{"[::ffff:127.0.0.1]:0", "tcp4", "127.0.0.1:0", "tcp4"},
		{":5000", "tcp", ":5000", "tcp"},
		{"/run/a b.sock", "unix", "/run/a b.sock", "unix"},
		{"/run/a://b", "unix", "/run/a://b", "unix"},
		{"@name", "unixgram", "@name", "unixgram"},
		{"tcp://127.0.0.1:0", "tcp", "127.0.0.1:0", "tcp"},
		{"tcp://127.0.0.1:0", "tcp4", "127.0.0.1:0", "tcp4"},
		{"tcp4://127.0.0.1:0", "tcp", "127.0.0.1:0", "tcp4"},
		{"tcp6://[::1]:0", "tcp", "[::1]:0", "tcp6"},
		{"udp4://127.0.0.1:1", "udp4", "127.0.0.1:1", "udp4"},
		{"ip://127.0.0.1", "ip4", "127.0.0.1", "ip4"},
		{"ip4://127.0.0.1", "ip", "127.0.0.1", "ip4"},
		{"unix:///path", "unix", "/path", "unix"},
		{"unix://relative", "unix", "relative", "unix"},
		{"unixpacket://@name", "unixpacket", "@name", "unixpacket"},
		{"", "tcp", "", "tcp"},
	} {
		t.Run(test.local+" "+test.network, func(t *testing.T) {
			addr, dialled, err := dialer.LocalOn(test.local, test.network)
			require.NoError(t, err)
			assert.Equal(t, test.dialled, dialled)
			if test.want == "" {
				assert.Nil(t, addr)
				return
			}
			assert.Equal(t, test.want, addr.String())
			assert.Equal(t, strings.TrimRight(test.network, "46"), addr.Network())
		})
	}
}

func TestLocalAddrErrorsInNew(t *testing.T) {
	for local, want := range map[string]string{
		"localhost:0":          `host "localhost" is not an IP literal`,
		"127.0.0.1:http":       `port "http" is not a number from 0 to 65535`,
		"127.0.0.1:70000":      `port "70000" is not a number from 0 to 65535`,
		"127.0.0.1:-1":         `port "-1" is not a number from 0 to 65535`,
		"127.0.0.1:":           `port "" is not a number from 0 to 65535`,
		"localhost":            "must be an IP literal, IP:port, or a unix path that starts with / or @",
		"[::1":                 "must be an IP literal, IP:port, or a unix path that starts with / or @",
		"tcp://localhost:0":    `host "localhost" is not an IP literal`,
		"tcp4://[::1]:0":       "::1 is not an address of network tcp4",
		"tcp6://127.0.0.1:0":   "127.0.0.1 is not an address of network tcp6",
		"ip://127.0.0.1:0":     "network ip has no ports",
		"ip4:icmp://127.0.0.1": "unknown network ip4:icmp",
		"http://127.0.0.1:0":   "unknown network http",
		"://127.0.0.1:0":       "unknown network ",
		"unix://":              "the path is empty",
		"unix:///a\x00b":       "the path contains a NUL byte",
	} {
		_, err := dialer.New(&dialer.Config{LocalAddr: local})
		assert.EqualError(t, err, "dialer: config: LocalAddr="+local+": "+want)
	}
}

func TestLocalAddrOfAnotherNetwork(t *testing.T) {
	for _, test := range []struct{ local, network, want string }{
		{"tcp://127.0.0.1:0", "udp", "an address of network tcp cannot be used on network udp"},
		{"tcp4://127.0.0.1:0", "tcp6", "an address of network tcp4 cannot be used on network tcp6"},
		{"unix:///path", "unixgram", "an address of network unix cannot be used on network unixgram"},
		{"unix:///path", "tcp", "an address of network unix cannot be used on network tcp"},
		{"127.0.0.1:0", "tcp6", "127.0.0.1 is not an address of network tcp6"},
		{"[::1]:0", "udp4", "::1 is not an address of network udp4"},
		{"127.0.0.1:0", "ip4:1", "network ip4 has no ports"},
		{"127.0.0.1:0", "unix", "not an address of network unix"},
		{"/path", "tcp", "not an address of network tcp"},
	} {
		t.Run(test.local+" "+test.network, func(t *testing.T) {
			d := newDialer(t, &dialer.Config{LocalAddr: test.local})
			_, err := d.Dial(test.network, "127.0.0.1:9")
			assert.EqualError(t, err, "dialer: dial "+test.network+" 127.0.0.1:9: LocalAddr="+test.local+": "+test.want)
			assert.Equal(t, "LocalAddr", failure(t, err).Field)
		})
	}
}

func TestDialFromLocalAddr(t *testing.T) {
	l := listen(t, "tcp", "127.0.0.1:0")
	echo(t, l)
	for _, local := range []string{"127.0.0.2:0", "tcp4://127.0.0.2:0", "127.0.0.2"} {
		c, err := newDialer(t, &dialer.Config{LocalAddr: local}).Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		assert.Equal(t, "127.0.0.2", c.LocalAddr().(*net.TCPAddr).IP.String())
		roundTrip(t, c)
		c.Close()
	}
}

func FuzzLocalAddr(f *testing.F) {
	for _, s := range []string{"", "127.0.0.1:0", "[::1%lo]:70000", "tcp4://:1", "@", "unix://", "[1.2.3.4]", "ip://::1", "::%]0"} {
		f.Add(s)
	}
	networks := []string{"tcp", "tcp4", "tcp6", "udp", "ip", "ip4", "ip6", "unix", "unixgram", "unixpacket"}
	f.Fuzz(func(t *testing.T, s string) {
		fits := s == ""
		for _, network := range networks {
			addr, dialled, err := dialer.LocalOn(s, network)
			if err != nil || addr == nil {
				continue
			}
			fits = true
			if !strings.HasPrefix(dialled, strings.TrimRight(network, "46")) {
				t.Errorf("%q on %s becomes %s", s, network, dialled)
			}
			// What was accepted must mean the same when it is written out.
			again, _, err := dialer.LocalOn(dialled+"://"+addr.String(), network)
			if err != nil || again.String() != addr.String() {
				t.Errorf("%q on %s is %s, and again %v, %v", s, network, addr, again, err)
			}
		}
		if _, err := dialer.New(&dialer.Config{LocalAddr: s}); (err == nil) != fits {
			t.Errorf("%q: New says %v, but some network takes it: %v", s, err, fits)
		}
	})
}
