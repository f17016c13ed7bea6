package simnet_test

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// home is a NAT between two hosts inside and two outside.
func home(n simnet.NAT) simnet.Topology {
	return simnet.Topology{
		Config: simnet.Config{Seed: 1},
		Subnets: []simnet.Subnet{
			{Name: "home", Prefix: netip.MustParsePrefix("192.168.0.0/24"), Hosts: []simnet.Place{{Name: "phone"}, {Name: "tv"}}},
			{Name: "world", Prefix: netip.MustParsePrefix("203.0.113.0/24"), Hosts: []simnet.Place{{Name: "x"}, {Name: "y"}}},
		},
		Routers: []simnet.Router{{Name: "gate", Subnets: []string{"home", "world"}, Inside: []string{"home"}, NAT: &n}},
	}
}

func lab(t *testing.T, top simnet.Topology) *simnet.Lab {
	t.Helper()
	l, err := simnet.NewTopologyLab(top)
	require.NoError(t, err)
	return l
}

// udp sends a datagram at a time. The sender is the host in from.
func labUDP(l *simnet.Lab, at time.Duration, from, to string) *simnet.Packet {
	host, _, _ := strings.Cut(from, ":")
	return l.Pass(&simnet.Packet{From: host, Src: from, Dst: to, Proto: simnet.UDP, Step: simnet.StepDatagram, At: at, Size: 100})
}

func labTCP(l *simnet.Lab, at time.Duration, step simnet.Step, from, to string) *simnet.Packet {
	host, _, _ := strings.Cut(from, ":")
	return l.Pass(&simnet.Packet{From: host, Src: from, Dst: to, Proto: simnet.TCP, Step: step, At: at, Size: 100})
}

// The matrix of RFC 4787: what a kind maps, and what it lets in.
func TestNATMatrix(t *testing.T) {
	for _, tt := range []struct {
		kind                              simnet.NATKind
		sameMapping                       bool // endpoint-independent mapping, REQ-1
		other, otherPort, asked, unmapped bool // filtering, REQ-8
	}{
		{simnet.FullCone, true, true, true, true, false},
		{simnet.Restricted, true, false, true, true, false},
		{simnet.PortRestricted, true, false, false, true, false},
		{simnet.Symmetric, false, false, false, true, false},
	} {
		t.Run(tt.kind.String(), func(t *testing.T) {
			l := lab(t, home(simnet.NAT{Kind: tt.kind}))
			out := labUDP(l, 0, "phone:5000", "x:53")
			require.Equal(t, "x", out.To)
			assert.Equal(t, "203.0.113.3", netip.MustParseAddrPort(out.SeenFrom).Addr().String(), "the next free address outside")
			assert.NotEqual(t, "5000", out.SeenFrom[len("203.0.113.3:"):])
			for name, c := range map[string]struct {
				from string
				want bool
			}{"asked": {"x:53", tt.asked}, "other port": {"x:54", tt.otherPort}, "other host": {"y:53", tt.other}} {
				in := labUDP(l, 0, c.from, out.SeenFrom)
				assert.Equal(t, c.want, in.To == "phone", name)
				if c.want {
					assert.Equal(t, "192.168.0.1:5000", in.SeenAs)
					assert.Equal(t, l.AddrPort(c.from).String(), in.SeenFrom)
				} else {
					assert.Equal(t, simnet.ReasonNAT, in.Drop, name)
					assert.False(t, in.Refused)
				}
			}
			// The mapping for another destination, and another port of it.
			for _, to := range []string{"y:53", "x:99"} {
				assert.Equal(t, tt.sameMapping, labUDP(l, 0, "phone:5000", to).SeenFrom == out.SeenFrom, to)
			}
			assert.NotEqual(t, out.SeenFrom, labUDP(l, 0, "phone:5001", "x:53").SeenFrom)
			assert.NotEqual(t, out.SeenFrom, labUDP(l, 0, "tv:5000", "x:53").SeenFrom)
			// Nothing leads to addresses inside, nor to ports that are not mapped.
			assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "x:53", "phone:5000").Drop)
			assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "x:53", "203.0.113.3:80").Drop)
			// TCP has mappings of its own.
			assert.Equal(t, simnet.ReasonNAT, labTCP(l, 0, simnet.StepSYN, "x:53", out.SeenFrom).Drop)
			assert.Equal(t, "x", labTCP(l, 0, simnet.StepSYN, "phone:5000", "x:53").To)
		})
	}
}

// Within the subnet nobody meets the NAT.
func TestNATInside(t *testing.T) {
	p := labUDP(lab(t, home(simnet.NAT{})), 0, "phone:1", "tv:2")
	assert.Equal(t, "192.168.0.1:1", p.SeenFrom)
}

// REQ-9: a mapping can be used from inside, with the source outside.
func TestNATHairpin(t *testing.T) {
	l := lab(t, home(simnet.NAT{}))
	mapped := labUDP(l, 0, "phone:5000", "x:53").SeenFrom
	p := labUDP(l, 0, "tv:6000", mapped)
	assert.Equal(t, "phone", p.To)
	assert.Equal(t, "192.168.0.1:5000", p.SeenAs)
	assert.Equal(t, labUDP(l, 0, "tv:6000", "x:53").SeenFrom, p.SeenFrom)
	// The answer goes the same way back.
	back := labUDP(l, 0, "phone:5000", p.SeenFrom)
	assert.Equal(t, "tv", back.To)
	assert.Equal(t, mapped, back.SeenFrom)
	// So are bounds.
	l = lab(t, home(simnet.NAT{MaxFlows: 1}))
	mapped = labUDP(l, 0, "phone:5000", "x:53").SeenFrom
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "tv:6000", mapped).Drop)
	// Filters are for hairpins too.
	l = lab(t, home(simnet.NAT{Kind: simnet.PortRestricted}))
	mapped = labUDP(l, 0, "phone:5000", "x:53").SeenFrom
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "tv:6000", mapped).Drop)
}

// REQ-5 and REQ-6: silence ends a mapping, packets of a flow break it, those of
// strangers do not.
func TestNATIdle(t *testing.T) {
	for name, tt := range map[string]struct {
		nat  simnet.NAT
		step simnet.Step
		last simnet.Step // what is sent last, 0 for nothing
		idle time.Duration
	}{
		"udp":          {simnet.NAT{}, simnet.StepDatagram, 0, simnet.DefaultUDPTimeout},
		"udp set":      {simnet.NAT{UDPTimeout: 30 * time.Second}, simnet.StepDatagram, 0, 30 * time.Second},
		"tcp":          {simnet.NAT{}, simnet.StepSYN, simnet.StepData, simnet.DefaultTCPTimeout},
		"tcp set":      {simnet.NAT{TCPTimeout: time.Minute}, simnet.StepSYN, 0, time.Minute},
		"tcp closed":   {simnet.NAT{}, simnet.StepSYN, simnet.StepFIN, 4 * time.Minute},
		"tcp reset":    {simnet.NAT{}, simnet.StepSYN, simnet.StepRST, 4 * time.Minute},
		"tcp short":    {simnet.NAT{TCPTimeout: time.Second}, simnet.StepSYN, simnet.StepFIN, time.Second},
		"tcp reopened": {simnet.NAT{}, simnet.StepFIN, simnet.StepSYN, simnet.DefaultTCPTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			send := labTCP
			if tt.step == simnet.StepDatagram {
				send = func(l *simnet.Lab, at time.Duration, _ simnet.Step, from, to string) *simnet.Packet {
					return labUDP(l, at, from, to)
				}
			}
			begin := func() (*simnet.Lab, string) {
				l := lab(t, home(tt.nat))
				seen := send(l, 0, tt.step, "phone:5000", "x:53").SeenFrom
				if tt.last != 0 {
					require.Equal(t, "x", send(l, 0, tt.last, "phone:5000", "x:53").To)
				}
				return l, seen
			}
			l, seen := begin()
			assert.Equal(t, simnet.ReasonNAT, send(l, tt.idle, simnet.StepData, "x:53", seen).Drop)
			l, seen = begin()
			assert.Equal(t, "phone", send(l, tt.idle-1, simnet.StepData, "x:53", seen).To)
			assert.Equal(t, "phone", send(l, 2*tt.idle-2, simnet.StepData, "x:53", seen).To, "it was not silent")
			l, seen = begin()
			assert.Equal(t, "phone", send(l, tt.idle-1, simnet.StepData, "y:1", seen).To)
			assert.Equal(t, simnet.ReasonNAT, send(l, tt.idle, simnet.StepData, "x:53", seen).Drop, "a stranger keeps nothing open")
		})
	}
}

// The longest times there are mean never.
func TestNATForever(t *testing.T) {
	l := lab(t, home(simnet.NAT{UDPTimeout: math.MaxInt64}))
	seen := labUDP(l, time.Hour, "phone:5000", "x:53").SeenFrom
	assert.Equal(t, "phone", labUDP(l, 10000*time.Hour, "x:53", seen).To)
}

// A mapping ends with its last flow, and its port is free again.
func TestNATPorts(t *testing.T) {
	l := lab(t, home(simnet.NAT{Ports: simnet.PortRange{First: 7000, Last: 7002}, UDPTimeout: time.Minute}))
	seen := map[string]bool{}
	for i := range 3 {
		p := labUDP(l, 0, fmt.Sprintf("phone:%d", 100+i), "x:53")
		require.Equal(t, "x", p.To)
		seen[p.SeenFrom] = true
	}
	assert.Equal(t, map[string]bool{"203.0.113.3:7000": true, "203.0.113.3:7001": true, "203.0.113.3:7002": true}, seen)
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "tv:1", "x:53").Drop, "no port is left")
	assert.Equal(t, "x", labTCP(l, 0, simnet.StepSYN, "tv:1", "x:53").To, "TCP has its own")
	labUDP(l, time.Second, "phone:100", "y:53")
	labUDP(l, 30*time.Second, "phone:101", "x:53")
	labUDP(l, 31*time.Second, "phone:100", "x:53")
	assert.Equal(t, "x", labUDP(l, time.Minute, "tv:1", "x:53").To, "the one of 102 is free")
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, time.Minute, "tv:2", "x:53").Drop)
	assert.Equal(t, "x", labUDP(l, 91*time.Second, "tv:2", "x:53").To, "that of 100 had two flows")
}

func TestNATFlows(t *testing.T) {
	l := lab(t, home(simnet.NAT{MaxFlows: 2}))
	require.Equal(t, "x", labUDP(l, 0, "phone:1", "x:1").To)
	require.Equal(t, "x", labUDP(l, 0, "phone:1", "x:2").To)
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "phone:1", "x:3").Drop)
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "tv:1", "x:1").Drop)
	assert.Equal(t, "x", labUDP(l, simnet.DefaultUDPTimeout-1, "phone:1", "x:1").To)
	assert.Equal(t, "x", labUDP(l, simnet.DefaultUDPTimeout, "tv:1", "x:1").To)
}

// REQ-2: all ports of a host have the same address outside, and not all hosts the
// same one.
func TestNATPool(t *testing.T) {
	top := home(simnet.NAT{External: []netip.Addr{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")}})
	for i := range 30 {
		top.Subnets[0].Hosts = append(top.Subnets[0].Hosts, simnet.Place{Name: fmt.Sprint("h", i)})
	}
	l := lab(t, top)
	count := map[string]int{}
	for i := range 30 {
		a := netip.MustParseAddrPort(labUDP(l, 0, fmt.Sprintf("h%d:1", i), "x:53").SeenFrom).Addr()
		assert.Equal(t, a, netip.MustParseAddrPort(labUDP(l, 0, fmt.Sprintf("h%d:2", i), "y:53").SeenFrom).Addr())
		count[a.String()]++
	}
	assert.Len(t, count, 2)
}

// A rebind forgets mappings, and gives other ports.
func TestNATRebind(t *testing.T) {
	for kind := range simnet.Symmetric + 1 {
		l := lab(t, home(simnet.NAT{Kind: kind}))
		before := labUDP(l, 0, "phone:5000", "x:53").SeenFrom
		require.NoError(t, l.Apply(simnet.RebindNAT("gate")))
		assert.Equal(t, simnet.ReasonNAT, labUDP(l, 0, "x:53", before).Drop)
		for range 3 {
			after := labUDP(l, 0, "phone:5000", "x:53").SeenFrom
			assert.NotEqual(t, before, after)
			assert.Equal(t, "phone", labUDP(l, 0, "x:53", after).To)
			before = after
			require.NoError(t, l.Apply(simnet.RebindNAT("gate")))
		}
	}
	l := lab(t, home(simnet.NAT{Ports: simnet.PortRange{First: 9, Last: 9}}))
	require.Equal(t, "203.0.113.3:9", labUDP(l, 0, "phone:5000", "x:53").SeenFrom)
	require.NoError(t, l.Apply(simnet.RebindNAT("gate")))
	assert.Equal(t, "203.0.113.3:9", labUDP(l, 0, "phone:5000", "x:53").SeenFrom, "there is no other")
}

// Two NATs in a row, as those of many providers (REQ-10 apart).
func TestNATBehindNAT(t *testing.T) {
	top := home(simnet.NAT{External: []netip.Addr{netip.MustParseAddr("100.64.0.7")}})
	top.Routers[0].Subnets = []string{"home"}
	top.Routers = append(top.Routers, simnet.Router{
		Name: "carrier", Subnets: []string{"world"}, Inside: []string{"gate"}, NAT: &simnet.NAT{Kind: simnet.PortRestricted},
	})
	top.Links = []simnet.Connection{{From: "gate", To: "carrier", Link: simnet.Link{Latency: 10 * ms}}}
	l := lab(t, top)
	p := labUDP(l, 0, "phone:5000", "x:53")
	require.Equal(t, "x", p.To)
	assert.Equal(t, []time.Duration{10 * ms}, p.Arrived)
	assert.Equal(t, "203.0.113.3", netip.MustParseAddrPort(p.SeenFrom).Addr().String())
	back := labUDP(l, 10*ms, "x:53", p.SeenFrom)
	assert.Equal(t, "phone", back.To)
	assert.Equal(t, "192.168.0.1:5000", back.SeenAs)
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 10*ms, "y:53", p.SeenFrom).Drop)
	assert.Equal(t, simnet.ReasonNAT, labUDP(l, 10*ms, "x:53", "100.64.0.7:1").Drop)
}

// A NAT of IPv4 has nothing for IPv6.
func TestNATFamilies(t *testing.T) {
	top := home(simnet.NAT{External: []netip.Addr{netip.MustParseAddr("198.51.100.1")}})
	top.Subnets[0].Prefix6 = netip.MustParsePrefix("fd00::/64")
	top.Subnets[1].Prefix6 = netip.MustParsePrefix("2001:db8::/64")
	l := lab(t, top)
	send := func(to string) *simnet.Packet {
		return l.Pass(&simnet.Packet{From: "phone", Src: "[fd00::1]:1", Dst: to, Proto: simnet.UDP, Step: simnet.StepDatagram})
	}
	assert.Equal(t, simnet.ReasonNAT, send("[2001:db8::1]:53").Drop)
	top.Routers[0].NAT.External = nil
	l = lab(t, top)
	assert.Equal(t, "2001:db8::3", netip.MustParseAddrPort(send("[2001:db8::1]:53").SeenFrom).Addr().String())
}

// Who is inside is gone before the answer comes.
func TestNATHostGone(t *testing.T) {
	l := lab(t, home(simnet.NAT{}))
	seen := labUDP(l, 0, "phone:5000", "x:53").SeenFrom
	l.Remove("phone")
	assert.Equal(t, simnet.ReasonUnreachable, labUDP(l, 0, "x:53", seen).Drop)
}

func TestNATWords(t *testing.T) {
	assert.Equal(t, "symmetric", simnet.Symmetric.String())
	assert.Equal(t, "NATKind(9)", simnet.NATKind(9).String())
	for want, r := range map[string]simnet.PortRange{"any": {}, "80": {First: 80, Last: 80}, "1-2": {First: 1, Last: 2}} {
		assert.Equal(t, want, r.String())
	}
}
