package simnet_test

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// Each mistake is told with its field, all at once.
func TestTopologyErrors(t *testing.T) {
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	sub := func(name, p string, hosts ...simnet.Place) simnet.Subnet {
		s := simnet.Subnet{Name: name, Hosts: hosts}
		if p != "" {
			s.Prefix = prefix(p)
		}
		return s
	}
	ports := simnet.PortRange{First: 2, Last: 1}
	for name, tt := range map[string]struct {
		t    simnet.Topology
		want string
	}{
		"config": {simnet.Topology{Config: simnet.Config{Backlog: -1, Link: simnet.Link{Loss: 2}}}, `Config.Link.Loss=2: must be from 0 to 1
Config.Backlog=-1: must be from 1 to 65535, or 0`},
		"link of the config": {
			simnet.Topology{Config: simnet.Config{Link: latency(ms)}, Subnets: []simnet.Subnet{sub("a", "")}},
			`Config.Link=latency=1ms: has no effect, as subnets have links of their own`,
		},
		"names": {
			simnet.Topology{
				Subnets: []simnet.Subnet{sub("", "", simnet.Place{}, simnet.Place{Name: "x]y"}), sub("a", "", simnet.Place{Name: "a"}, simnet.Place{Name: "b"})},
				Routers: []simnet.Router{{Name: "b"}, {Name: "r"}, {}}, Links: []simnet.Connection{{From: "b"}, {From: "a", To: "a"}, {From: "q", To: "a"}},
			}, `Subnets[0].Name: must be set
Subnets[0].Hosts[0].Name: must be set
Subnets[0].Hosts[1].Name=x]y: cannot be in an address
Subnets[1].Hosts[0].Name=a: is the name of a subnet already
Routers[0].Name=b: is the name of a host already
Routers[2].Name: must be set
Links[0].To: must be set
Links[1].To=a: is the other end as well
Links[2].From=q: no subnet, router or host has the name`,
		},
		"prefixes": {
			simnet.Topology{Subnets: []simnet.Subnet{
				sub("a", "10.0.0.0/8"), sub("b", "10.1.0.0/16"), sub("c", "::ffff:192.0.2.0/120"), sub("d", "", simnet.Place{Name: "h"}),
				{Name: "e", Prefix: netip.PrefixFrom(addr("10.0.0.0"), 33), Prefix6: prefix("192.0.2.0/24")},
				{Name: "f", Prefix: prefix("fd00::/64"), Prefix6: prefix("fd01::/64")},
				{Name: "g", Prefix: netip.PrefixFrom(addr("10.0.0.0"), 33), Hosts: []simnet.Place{{Name: "i"}}},
			}}, `Subnets[1].Prefix=10.1.0.0/16: overlaps with 10.0.0.0/8 of another subnet
Subnets[2].Prefix=::ffff:192.0.2.0/120: is of IPv4 in IPv6: write it as IPv4
Subnets[4].Prefix=invalid Prefix: is not valid
Subnets[4].Prefix6=192.0.2.0/24: is not of IPv6
Subnets[5].Prefix=fd00::/64: is of IPv6, as Prefix6 is
Subnets[6].Prefix=invalid Prefix: is not valid
Subnets[3].Prefix: 10.0.0.0/8 has no prefix left`,
		},
		"addresses": {
			simnet.Topology{Subnets: []simnet.Subnet{sub("a", "10.0.0.0/30",
				simnet.Place{Name: "h", Addresses: []netip.Addr{addr("10.0.0.1"), addr("10.0.0.9"), {}, addr("127.0.0.1")}},
				simnet.Place{Name: "i", Addresses: []netip.Addr{addr("10.0.0.1"), addr("::ffff:10.0.0.2")}},
				simnet.Place{Name: "j"},
			)}}, `Subnets[0].Hosts[0].Addresses[1]=10.0.0.9: is in no prefix of the subnet
Subnets[0].Hosts[0].Addresses[2]=invalid IP: is no address of a host
Subnets[0].Hosts[0].Addresses[3]=127.0.0.1: is no address of a host
Subnets[0].Hosts[1].Addresses[0]=10.0.0.1: is an address of "h" already
Subnets[0].Hosts[2].Addresses: 10.0.0.0/30 has no address left`,
		},
		"links": {
			simnet.Topology{
				Subnets: []simnet.Subnet{{Name: "a", Profile: "5h", Link: simnet.Link{Loss: -1}, Hosts: []simnet.Place{{Name: "h"}}}, sub("b", "")},
				Links: []simnet.Connection{
					{From: "a", To: "b"},
					{From: "b", To: "a", Profile: "lam", Link: simnet.Link{MTU: 1}, Back: &simnet.Link{Latency: -1}},
					{From: "h", To: "a"},
				},
			}, `Subnets[0].Link.Loss=-1: must be from 0 to 1
Subnets[0].Profile=5h: is none of 2g, 3g, 4g, 5g, cable, datacenter, dsl, fiber, ideal, lan, leo, loopback, lossy, satellite, wan, wifi
Links[1].Link.MTU=1: must be from 576 to 65535, or 0
Links[1].Profile=lam: is none of 2g, 3g, 4g, 5g, cable, datacenter, dsl, fiber, ideal, lan, leo, loopback, lossy, satellite, wan, wifi
Links[1].Back.Latency=-1ns: must be from 0 to 1h0m0s
Links[1].To=a: has a link with "b" already
Links[2].To=a: "h" is in "a": its links are those to its neighbours there`,
		},
		"routers": {
			simnet.Topology{
				Subnets: []simnet.Subnet{sub("a", ""), sub("b", "")},
				Routers: []simnet.Router{
					{Name: "r", Subnets: []string{"a", "q", "a", "r"}, Inside: []string{"a", "b", "q", "a"}, NAT: &simnet.NAT{}},
					{Name: "s", NAT: &simnet.NAT{Kind: 4, Ports: ports, UDPTimeout: -1, TCPTimeout: -2, MaxFlows: -3}},
					{
						Name: "t", Subnets: []string{"a"}, Inside: []string{"a"},
						NAT: &simnet.NAT{External: []netip.Addr{addr("10.9.9.9"), addr("10.9.9.9"), addr("224.0.0.1")}, Ports: simnet.PortRange{Last: 9}},
					},
				},
			}, `Routers[0].Subnets[1]=q: no subnet has the name "q"
Routers[0].Subnets[2]=a: is there twice
Routers[0].Subnets[3]=r: no subnet has the name "r"
Routers[0].Inside[1]=b: is no subnet of the router, and has no link to it
Routers[0].Inside[2]=q: nothing has the name
Routers[0].Inside[3]=a: is there twice
Routers[0].NAT.External: must be set, as the router has no subnet outside
Routers[1].NAT.Kind=NATKind(4): is none of FullCone, Restricted, PortRestricted, Symmetric
Routers[1].NAT.Ports=2-1: begins after its end
Routers[1].NAT.UDPTimeout=-1ns: must not be negative
Routers[1].NAT.TCPTimeout=-2ns: must not be negative
Routers[1].NAT.MaxFlows=-3: must be from 0 to 2147483647
Routers[1].NAT=NATKind(4): needs an inside of the router
Routers[2].NAT.Ports=0-9: port 0 is no port of a host
Routers[2].NAT.External[1]=10.9.9.9: is an address of "t" already
Routers[2].NAT.External[2]=224.0.0.1: is no address of a host`,
		},
		"no address for a NAT": {
			simnet.Topology{
				Subnets: []simnet.Subnet{sub("a", ""), sub("b", "10.9.0.1/32", simnet.Place{Name: "h"})},
				Routers: []simnet.Router{{Name: "r", Subnets: []string{"a", "b"}, Inside: []string{"a"}, NAT: &simnet.NAT{}}},
			}, `Routers[0].NAT.External: subnet "b" has no address left`,
		},
		"firewalls": {
			simnet.Topology{
				Subnets: []simnet.Subnet{sub("a", "", simnet.Place{Name: "h", Firewall: &simnet.Firewall{
					Rules: []simnet.Rule{{}, {Action: 3, Direction: 3, Protocol: 1, Source: []netip.Prefix{{}}, Destination: []netip.Prefix{{}}, SourcePorts: ports, Ports: ports}},
				}})},
				Routers: []simnet.Router{{Name: "r", Firewall: &simnet.Firewall{Rules: []simnet.Rule{{Direction: simnet.In}}, Default: 7, MaxFlows: -1}}},
			}, `Subnets[0].Hosts[0].Firewall.Rules[1].Action=Action(3): is none of Allow, Deny, Reject
Subnets[0].Hosts[0].Firewall.Rules[1].Direction=Direction(3): is none of Both, In, Out
Subnets[0].Hosts[0].Firewall.Rules[1].Protocol=Protocol(1): is neither TCP nor UDP
Subnets[0].Hosts[0].Firewall.Rules[1].Source[0]=invalid Prefix: is not valid
Subnets[0].Hosts[0].Firewall.Rules[1].Destination[0]=invalid Prefix: is not valid
Subnets[0].Hosts[0].Firewall.Rules[1].SourcePorts=2-1: begins after its end
Subnets[0].Hosts[0].Firewall.Rules[1].Ports=2-1: begins after its end
Routers[0].Firewall.Default=Action(7): is none of Allow, Deny, Reject
Routers[0].Firewall.MaxFlows=-1: must be from 0 to 2147483647
Routers[0].Firewall.Rules[0].Direction=in: needs an inside of the router`,
		},
		"faults": {
			simnet.Topology{
				Subnets: []simnet.Subnet{sub("a", "", simnet.Place{Name: "h"})},
				Faults: []simnet.TimedFault{
					{At: -1, Fault: simnet.Crash("q")}, {}, {Fault: simnet.Partition([]string{"a"}, nil, []string{"x"})}, {Fault: simnet.Heal()},
				},
			}, `Faults[0].At=-1ns: must not be negative
Faults[0].Fault=crash q: no host has the name "q"
Faults[1].Fault=none: is none: make it with Partition, Crash and so on
Faults[2].Fault=partition [a] [] [x]: group 1 is empty
Faults[2].Fault=partition [a] [] [x]: no host or subnet has the name "x"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.t.Check()
			var text string
			for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
				e, ok := errors.AsType[*simnet.Error](err)
				require.True(t, ok)
				assert.Equal(t, "config", e.Op)
				text += e.Error()[len("simnet: config: "):] + "\n"
			}
			assert.Equal(t, tt.want+"\n", text)
			n, made := simnet.NewTopology(tt.t)
			assert.Nil(t, n)
			assert.Equal(t, err.Error(), made.Error())
		})
	}
}

// Addresses are the next free ones, whatever others have said they have.
func TestTopologyAddresses(t *testing.T) {
	addr, prefix := netip.MustParseAddr, netip.MustParsePrefix
	var crowd []simnet.Place
	for i := range 300 {
		crowd = append(crowd, simnet.Place{Name: "c" + string(rune('一'+i))})
	}
	l := lab(t, simnet.Topology{
		Subnets: []simnet.Subnet{
			{Name: "first", Hosts: []simnet.Place{{Name: "a"}, {Name: "b", Addresses: []netip.Addr{addr("10.0.1.1")}}, {Name: "c"}}},
			{Name: "taken", Prefix: prefix("10.0.0.0/24"), Hosts: []simnet.Place{{Name: "d"}, {Name: "e", Addresses: []netip.Addr{addr("10.0.0.1")}}}},
			{Name: "six", Prefix: prefix("fd00::7/64"), Hosts: []simnet.Place{{Name: "f"}}},
			{Name: "both", Prefix6: prefix("fd01::/126"), Hosts: []simnet.Place{{Name: "g"}, {Name: "h"}}},
			{Name: "pair", Prefix: prefix("192.0.2.8/31"), Hosts: []simnet.Place{{Name: "i"}, {Name: "j"}}},
			{Name: "crowd", Hosts: crowd},
		},
	})
	for name, want := range map[string]string{
		"a": "10.0.1.2", "b": "10.0.1.1", "c": "10.0.1.3", "d": "10.0.0.2", "e": "10.0.0.1", "f": "fd00::1",
		"g": "10.0.2.1 fd01::1", "h": "10.0.2.2 fd01::2", "i": "192.0.2.8", "j": "192.0.2.9",
		crowd[0].Name: "10.0.4.1", crowd[299].Name: "10.0.5.44",
	} {
		var got string
		for _, a := range l.Addrs(name) {
			got += " " + a.String()
		}
		assert.Equal(t, " "+want, got, name)
	}
	l = lab(t, simnet.Topology{
		Config: simnet.Config{Prefix: prefix("fd00::/16")}, Subnets: []simnet.Subnet{{Name: "x"}, {Name: "y", Hosts: []simnet.Place{{Name: "a"}}}},
	})
	assert.Equal(t, "fd00:0:0:1::1", l.Addrs("a")[0].String())
	l = lab(t, simnet.Topology{
		Config: simnet.Config{Prefix: prefix("10.0.0.0/30")}, Subnets: []simnet.Subnet{{Name: "x", Hosts: []simnet.Place{{Name: "a"}}}},
	})
	assert.Equal(t, "10.0.0.1", l.Addrs("a")[0].String())
}

// A host that comes later needs a place.
func TestTopologyLaterHosts(t *testing.T) {
	addr := netip.MustParseAddr
	l := lab(t, home(simnet.NAT{}))
	require.NoError(t, l.Add("later", addr("192.168.0.9")))
	assert.Equal(t, "phone", labUDP(l, 0, "later:1", "phone:1").To)
	for name, tt := range map[string]struct {
		addrs []netip.Addr
		want  string
	}{
		"none":   {nil, "it has no address of a subnet"},
		"q":      {[]netip.Addr{addr("192.0.2.1")}, "no subnet has the address 192.0.2.1"},
		"p":      {[]netip.Addr{addr("192.168.0.1")}, "phone has the address 192.168.0.1"},
		"n":      {[]netip.Addr{addr("203.0.113.3")}, "gate has the address 203.0.113.3"},
		"two":    {[]netip.Addr{addr("192.168.0.77"), addr("203.0.113.77")}, "its addresses are in two subnets, home and world"},
		"gate":   {[]netip.Addr{addr("192.168.0.77")}, "is the name of a router"},
		"home":   {[]netip.Addr{addr("192.168.0.77")}, "is the name of a subnet"},
		"later2": {[]netip.Addr{addr("192.168.0.9")}, "later has the address 192.168.0.9"},
	} {
		assert.EqualError(t, l.Add(name, tt.addrs...), tt.want)
	}
	l.Remove("later")
	l.Remove("later") // it is gone already
	require.NoError(t, l.Add("later2", addr("192.168.0.9")))
}
