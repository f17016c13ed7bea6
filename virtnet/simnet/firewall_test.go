package simnet_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

func prefixes(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, s := range texts {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

// office has a firewall between an inside and an outside.
func office(f simnet.Firewall) simnet.Topology {
	return simnet.Topology{
		Subnets: []simnet.Subnet{
			{Name: "in", Prefix: netip.MustParsePrefix("10.1.0.0/24"), Hosts: []simnet.Place{{Name: "a"}}},
			{Name: "out", Prefix: netip.MustParsePrefix("10.2.0.0/24"), Hosts: []simnet.Place{{Name: "x"}, {Name: "y"}}},
			{Name: "dmz", Prefix: netip.MustParsePrefix("10.3.0.0/24"), Hosts: []simnet.Place{{Name: "w"}}},
		},
		Routers: []simnet.Router{{Name: "wall", Subnets: []string{"in", "out", "dmz"}, Inside: []string{"in"}, Firewall: &f}},
	}
}

// fate says what became of a packet: its receiver, "deny" or "reject".
func fate(t *testing.T, p *simnet.Packet) string {
	t.Helper()
	if p.To != "" {
		return p.To
	}
	require.Equal(t, simnet.ReasonFirewall, p.Drop)
	if p.Refused {
		return "reject"
	}
	return "deny"
}

func TestFirewallRules(t *testing.T) {
	deny := func(r simnet.Rule) simnet.Firewall {
		r.Action = simnet.Deny
		return simnet.Firewall{Rules: []simnet.Rule{r}}
	}
	for name, tt := range map[string]struct {
		f    simnet.Firewall
		want map[string]string // "from to" of a SYN
	}{
		"none":    {simnet.Firewall{}, map[string]string{"a:1 x:80": "x", "x:1 a:80": "a", "x:1 w:80": "w"}},
		"default": {simnet.Firewall{Default: simnet.Reject}, map[string]string{"a:1 x:80": "reject", "x:1 w:80": "reject"}},
		"in":      {deny(simnet.Rule{Direction: simnet.In}), map[string]string{"a:1 x:80": "x", "x:1 a:80": "deny", "x:1 w:80": "w"}},
		"out":     {deny(simnet.Rule{Direction: simnet.Out}), map[string]string{"a:1 x:80": "deny", "x:1 a:80": "a", "x:1 w:80": "w"}},
		"udp":     {deny(simnet.Rule{Protocol: simnet.UDP}), map[string]string{"a:1 x:80": "x"}},
		"tcp":     {deny(simnet.Rule{Protocol: simnet.TCP}), map[string]string{"a:1 x:80": "deny"}},
		"source": {
			deny(simnet.Rule{Source: prefixes("10.9.0.0/16", "10.2.0.2/32")}),
			map[string]string{"x:1 a:80": "a", "y:1 a:80": "deny", "a:1 y:80": "y"},
		},
		"destination": {
			deny(simnet.Rule{Destination: prefixes("::ffff:10.2.0.2/128")}),
			map[string]string{"a:1 x:80": "x", "a:1 y:80": "deny"},
		},
		"host bits": {deny(simnet.Rule{Destination: prefixes("10.2.0.99/24")}), map[string]string{"a:1 x:80": "deny", "a:1 w:80": "w"}},
		"ports": {
			deny(simnet.Rule{Ports: simnet.PortRange{First: 80, Last: 90}}),
			map[string]string{"a:1 x:79": "x", "a:2 x:80": "deny", "a:3 x:90": "deny", "a:4 x:91": "x"},
		},
		"source ports": {
			deny(simnet.Rule{SourcePorts: simnet.PortRange{First: 0, Last: 1023}}),
			map[string]string{"a:1023 x:80": "deny", "a:1024 x:80": "x"},
		},
		"all fields": {
			deny(simnet.Rule{Direction: simnet.Out, Protocol: simnet.TCP, Source: prefixes("10.1.0.0/24"), Ports: simnet.PortRange{First: 80, Last: 80}}),
			map[string]string{"a:1 x:80": "deny", "a:1 x:81": "x", "x:1 a:80": "a"},
		},
		"order": {simnet.Firewall{Default: simnet.Deny, Rules: []simnet.Rule{
			{Action: simnet.Reject, Ports: simnet.PortRange{First: 81, Last: 81}},
			{Action: simnet.Allow, Ports: simnet.PortRange{First: 80, Last: 90}},
			{Action: simnet.Reject, Ports: simnet.PortRange{First: 82, Last: 82}},
		}}, map[string]string{"a:1 x:80": "x", "a:1 x:81": "reject", "a:1 x:82": "x", "a:1 x:91": "deny"}},
	} {
		t.Run(name, func(t *testing.T) {
			for ends, want := range tt.want {
				var from, to string
				_, err := fmt.Sscan(ends, &from, &to)
				require.NoError(t, err)
				assert.Equal(t, want, fate(t, labTCP(lab(t, office(tt.f)), 0, simnet.StepSYN, from, to)), ends)
			}
		})
	}
}

// What belongs to an allowed flow passes back, until it was silent for too long.
func TestFirewallFlows(t *testing.T) {
	wall := simnet.Firewall{Rules: []simnet.Rule{{Direction: simnet.Out}}, Default: simnet.Deny, UDPTimeout: time.Minute}
	l := lab(t, office(wall))
	assert.Equal(t, "deny", fate(t, labUDP(l, 0, "x:53", "a:5")))
	assert.Equal(t, "x", fate(t, labUDP(l, 0, "a:5", "x:53")))
	assert.Equal(t, "a", fate(t, labUDP(l, 30*time.Second, "x:53", "a:5")))
	assert.Equal(t, "deny", fate(t, labUDP(l, 30*time.Second, "x:54", "a:5")), "another port")
	assert.Equal(t, "deny", fate(t, labTCP(l, 30*time.Second, simnet.StepSYN, "x:53", "a:5")), "another protocol")
	assert.Equal(t, "a", fate(t, labUDP(l, 89*time.Second, "x:53", "a:5")))
	assert.Equal(t, "deny", fate(t, labUDP(l, 149*time.Second, "x:53", "a:5")))
	// A conn that was closed ends sooner than an open one.
	for step, end := range map[simnet.Step]time.Duration{simnet.StepData: simnet.DefaultTCPTimeout, simnet.StepFIN: 4 * time.Minute} {
		for _, early := range []time.Duration{1, 0} {
			l = lab(t, office(wall))
			labTCP(l, 0, simnet.StepSYN, "a:5", "x:80")
			labTCP(l, 0, step, "x:80", "a:5")
			want := "deny"
			if early > 0 {
				want = "a"
			}
			assert.Equal(t, want, fate(t, labTCP(l, end-early, simnet.StepData, "x:80", "a:5")))
		}
	}
}

// A table that is full refuses new flows, and says so by dropping.
func TestFirewallBound(t *testing.T) {
	l := lab(t, office(simnet.Firewall{MaxFlows: 2}))
	assert.Equal(t, "x", fate(t, labUDP(l, 0, "a:1", "x:1")))
	assert.Equal(t, "a", fate(t, labUDP(l, 0, "x:1", "a:1")), "the same one")
	assert.Equal(t, "x", fate(t, labUDP(l, 0, "a:2", "x:1")))
	assert.Equal(t, "deny", fate(t, labUDP(l, 0, "a:3", "x:1")))
	assert.Equal(t, "x", fate(t, labUDP(l, simnet.DefaultUDPTimeout, "a:3", "x:1")))
}

// A host's own firewall: In and Out are as the host sees them.
func TestHostFirewall(t *testing.T) {
	top := simnet.Topology{Subnets: []simnet.Subnet{{Name: "lan", Hosts: []simnet.Place{
		{Name: "a", Firewall: &simnet.Firewall{Rules: []simnet.Rule{
			{Action: simnet.Reject, Direction: simnet.In, Ports: simnet.PortRange{First: 22, Last: 22}},
			{Action: simnet.Deny, Direction: simnet.Out, Ports: simnet.PortRange{First: 25, Last: 25}},
		}}}, {Name: "b"},
	}}}}
	l := lab(t, top)
	assert.Equal(t, "reject", fate(t, labTCP(l, 0, simnet.StepSYN, "b:1", "a:22")))
	assert.Equal(t, "b", fate(t, labTCP(l, 0, simnet.StepSYN, "a:1", "b:22")))
	assert.Equal(t, "deny", fate(t, labTCP(l, 0, simnet.StepSYN, "a:1", "b:25")))
	assert.Equal(t, "a", fate(t, labTCP(l, 0, simnet.StepSYN, "b:1", "a:25")))
	assert.Equal(t, "a", fate(t, labTCP(l, 0, simnet.StepSYN, "a:1", "a:22")), "to itself")
	assert.False(t, l.Direct("a", "b"))
	assert.True(t, l.Direct("a", "a"))
}

// At a NAT the rules see what is inside.
func TestFirewallWithNAT(t *testing.T) {
	top := home(simnet.NAT{})
	top.Routers[0].Firewall = &simnet.Firewall{Rules: []simnet.Rule{
		{Action: simnet.Reject, Direction: simnet.Out, Source: prefixes("192.168.0.2/32")},
		{Action: simnet.Deny, Direction: simnet.In, Destination: prefixes("192.168.0.1/32"), Source: prefixes("203.0.113.2/32")},
	}}
	l := lab(t, top)
	assert.Equal(t, "reject", fate(t, labUDP(l, 0, "tv:1", "x:53")))
	p := labUDP(l, 0, "phone:1", "x:53")
	assert.Equal(t, "x", fate(t, p))
	assert.Equal(t, "deny", fate(t, labUDP(l, 0, "y:1", p.SeenFrom)))
	assert.Equal(t, "phone", fate(t, labUDP(l, 0, "x:54", p.SeenFrom)))
}

func TestFirewallWords(t *testing.T) {
	assert.Equal(t, "allow deny reject Action(3)", fmt.Sprint(simnet.Allow, simnet.Deny, simnet.Reject, simnet.Action(3)))
	assert.Equal(t, "both in out Direction(3)", fmt.Sprint(simnet.Both, simnet.In, simnet.Out, simnet.Direction(3)))
}
