package link_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/link"
)

func TestConfig(t *testing.T) {
	v4, v6 := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")
	for _, test := range []struct {
		config *link.Config
		want   string
	}{
		{nil, `Name="": must not be empty`},
		{&link.Config{MTU: 67}, "MTU=67: must be 0, or from 68 to 65535 bytes"},
		{&link.Config{MTU: 65536}, "MTU=65536: must be 0, or from 68 to 65535 bytes"},
		{
			&link.Config{MTU: 1279, Addrs: []netip.Prefix{v4, netip.MustParsePrefix("fd00::1/64")}},
			"MTU=1279: must be at least 1280 bytes for IPv6: Addrs has fd00::1/64",
		},
		{&link.Config{Addrs: []netip.Prefix{v4, {}}}, "Addrs[1]=invalid Prefix: is no address with the length of a prefix"},
		{&link.Config{Routes: []link.Route{{}}}, "Routes[0]=invalid Prefix: the destination must be a prefix"},
		{
			&link.Config{Routes: []link.Route{{To: v4}, {To: netip.MustParsePrefix("10.1.0.0/8")}}},
			"Routes[1]=10.1.0.0/8: has bits behind its prefix: 10.0.0.0/8 is meant",
		},
		{
			&link.Config{Routes: []link.Route{{To: v4, Via: v6.Addr(), Metric: 5, Table: 7}}},
			"Routes[0]=10.0.0.0/8 via fd00:: metric 5 table 7: fd00:: is of another version of IP than 10.0.0.0/8",
		},
		{
			&link.Config{Routes: []link.Route{{To: v6, Source: v4.Addr()}}},
			"Routes[0]=fd00::/8 src 10.0.0.0: 10.0.0.0 is of another version of IP than fd00::/8",
		},
		{
			&link.Config{Routes: []link.Route{{To: v6, Via: netip.MustParseAddr("fe80::1%eth0")}}},
			"Routes[0]=fd00::/8 via fe80::1%eth0: must be without zone",
		},
		{&link.Config{Rules: []link.Rule{{Table: 1, From: v4}}}, "Rules[0]=priority 0 from 10.0.0.0/8 table 1: the priority must not be 0"},
		{&link.Config{Rules: []link.Rule{{Priority: 1, To: v4}}}, "Rules[0]=priority 1 to 10.0.0.0/8 table 0: the table must not be 0"},
		{
			&link.Config{Rules: []link.Rule{{Priority: 1, Table: 1, Mark: 16, Not: true}}},
			"Rules[0]=priority 1 not fwmark 0x10 table 1: has neither From nor To: 0.0.0.0/0 and ::/0 are any address",
		},
		{
			&link.Config{Rules: []link.Rule{{Priority: 1, Table: 1, From: v4, To: v6}}},
			"Rules[0]=priority 1 from 10.0.0.0/8 to fd00::/8 table 1: has addresses of both versions of IP",
		},
		{
			&link.Config{Rules: []link.Rule{{Priority: 1, Table: 1, From: netip.MustParsePrefix("10.1.0.0/8")}}},
			"Rules[0]=priority 1 from 10.1.0.0/8 table 1: has bits behind its prefix",
		},
	} {
		prefix := "link: config: "
		if test.config != nil {
			test.config.Name = "tun0"
			prefix = "link: config tun0: "
		}
		l, err := link.Setup(test.config)
		assert.Nil(t, l)
		var e *link.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, prefix+test.want, err.Error())
	}
	_, err := link.Setup(&link.Config{MTU: 1, Addrs: make([]netip.Prefix, 1), Routes: make([]link.Route, 1), Rules: make([]link.Rule, 1)})
	for _, field := range []string{"Name", "MTU", "Addrs[0]", "Routes[0]", "Rules[0]"} {
		assert.ErrorContains(t, err, field+"=")
	}
}
