package listener_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
)

func TestStreamAddress(t *testing.T) {
	for _, test := range []struct{ address, network, text string }{
		{"127.0.0.1:0", "tcp", "127.0.0.1:0"},
		{":65535", "tcp", ":65535"},
		{"localhost:80", "tcp", "localhost:80"},
		{"tcp://127.0.0.1:8443", "tcp", "127.0.0.1:8443"},
		{"tcp4://:80", "tcp4", ":80"},
		{"tcp6://[fe80::1%eth0]:80", "tcp6", "[fe80::1%eth0]:80"},
		{"unix:///run/a b.sock", "unix", "/run/a b.sock"},
		{"unix://relative", "unix", "relative"},
		{"unix://@name", "unix", "@name"},
		{"unixpacket:///run/x", "unixpacket", "/run/x"},
	} {
		network, text, err := listener.ParseStream(test.address)
		require.NoError(t, err, test.address)
		assert.Equal(t, test.network, network, test.address)
		assert.Equal(t, test.text, text, test.address)
	}
}

func TestPacketAddress(t *testing.T) {
	for _, test := range []struct{ address, network, text string }{
		{"127.0.0.1:0", "udp", "127.0.0.1:0"},
		{"udp6://[::1]:53", "udp6", "[::1]:53"},
		{"ip4:icmp://127.0.0.1", "ip4:icmp", "127.0.0.1"},
		{"ip6:58://::1", "ip6:58", "::1"},
		{"ip:1://", "ip:1", ""},
		{"unixgram://@name", "unixgram", "@name"},
	} {
		network, text, err := listener.ParsePacket(test.address)
		require.NoError(t, err, test.address)
		assert.Equal(t, test.network, network, test.address)
		assert.Equal(t, test.text, text, test.address)
	}
}

func TestBadStreamAddress(t *testing.T) {
	for address, want := range map[string]string{
		"":                        "must be set",
		"127.0.0.1":               "address 127.0.0.1: missing port in address",
		"::1:80":                  "address ::1:80: too many colons in address",
		"127.0.0.1:70000":         `port "70000" is not a number from 0 to 65535`,
		"tcp://127.0.0.1:-1":      `port "-1" is not a number from 0 to 65535`,
		"127.0.0.1:http":          `port "http" is not a number from 0 to 65535`,
		"127.0.0.1:":              `port "" is not a number from 0 to 65535`,
		"tcp6://127.0.0.1:0":      "127.0.0.1 is not an address of network tcp6",
		"tcp4://[::1]:0":          "::1 is not an address of network tcp4",
		"udp://127.0.0.1:0":       "network udp is one of packets: use NewPacketConn",
		"unixgram:///run/x":       "network unixgram is one of packets: use NewPacketConn",
		"tcp:6://127.0.0.1:0":     "unknown network tcp:6",
		"http://127.0.0.1:0":      "unknown network http",
		"unix://":                 "the path is empty",
		"unix:///run/a\x00b":      "the path contains a NUL byte",
		"/run/x.sock":             "address /run/x.sock: missing port in address",
		"ip4:icmp://127.0.0.1":    "unknown network ip4:icmp",
		"tcp4://[::ffff:1.2.3.4]": "address [::ffff:1.2.3.4]: missing port in address",
	} {
		_, err := listener.New(t.Context(), &listener.Config{Address: address})
		sign := map[bool]string{true: "", false: "=" + address}[address == ""]
		assert.EqualError(t, err, "listener: config: Address"+sign+": "+want)
	}
}

func TestBadPacketAddress(t *testing.T) {
	for address, want := range map[string]string{
		"":                       "must be set",
		"tcp://127.0.0.1:0":      "network tcp is one of streams: use New",
		"unix:///run/x":          "network unix is one of streams: use New",
		"127.0.0.1:70000":        `port "70000" is not a number from 0 to 65535`,
		"ip4://127.0.0.1":        "network ip4 needs a protocol, as in ip4:icmp",
		"ip4:icmp://localhost":   `host "localhost" is not an IP literal`,
		"ip4:icmp://127.0.0.1:0": `host "127.0.0.1:0" is not an IP literal`,
		"ip6:58://127.0.0.1":     "127.0.0.1 is not an address of network ip6",
		"udp:1://127.0.0.1:0":    "network udp:1 is one of packets: use NewPacketConn",
	} {
		_, err := listener.NewPacketConn(t.Context(), &listener.PacketConfig{Address: address})
		sign := map[bool]string{true: "", false: "=" + address}[address == ""]
		assert.EqualError(t, err, "listener: config: Address"+sign+": "+want)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"", "127.0.0.1:0", "tcp://[::1%lo]:70000", "unix://@", "ip4:icmp://1.2.3.4", "udp6://:1", "a://b://c:1",
		"127.0.0.1:8000-8010", "tcp6://[::1%a-1]:65535-65535", ":0-1", "a-b:2-1", "fd://3", "fd://-1", "systemd://web", "systemd://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		all, err := listener.ParseStreams(s)
		if err == nil && len(all) == 0 || len(all) > 1024 {
			t.Errorf("%q is %d addresses", s, len(all))
		}
		for _, a := range all {
			if again, err := listener.ParseStreams(a); err != nil || len(again) != 1 || again[0] != a {
				t.Errorf("%q is %q, and again %q, %v", s, a, again, err)
			}
		}
		for _, parse := range []func(string) (string, string, error){listener.ParseStream, listener.ParsePacket} {
			network, text, err := parse(s)
			if err != nil {
				continue
			}
			// Written out in full it must mean the same.
			n, x, err := parse(network + "://" + text)
			if err != nil || n != network || x != text {
				t.Errorf("%q is %s %q, and again %s %q, %v", s, network, text, n, x, err)
			}
			if strings.HasPrefix(network, "tcp") || strings.HasPrefix(network, "udp") {
				if _, port, err := net.SplitHostPort(text); err != nil || port == "" || len(strings.TrimLeft(port, "0")) > 5 {
					t.Errorf("%q has port %q, %v", s, port, err)
				}
			}
		}
	})
}
