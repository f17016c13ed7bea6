package virtspec_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/strata-net/strata/spec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/virtspec"
	"github.com/strata-net/strata/virtnet/simnet"
)

// simulated returns a network that change has changed.
func simulated(change func(*specv1.VirtualNetwork)) *specv1.VirtualNetwork {
	m := around()
	m.Name, m.Kind = new("n"), specv1.VirtualNetwork_simulated.Enum()
	if change != nil {
		change(m)
	}
	return m
}

func TestBroken(t *testing.T) {
	minus, endless := durationpb.New(-time.Second), &durationpb.Duration{Seconds: 1e11}
	bad := &specv1.LinkQuality{
		Latency: minus, Jitter: endless, Loss: new(1.5), Reorder: new(-0.5), Duplicate: new(2.0), Corrupt: new(3.0),
		BandwidthBitsPerSecond: new(int64(-1)), QueueBytes: new(int64(-2)), MtuBytes: new(int32(9)), Profile: new("5h"),
	}
	badWords := func(path string) string {
		return path + `.profile: "5h": is none of 2g, 3g, 4g, 5g, cable, datacenter, dsl, fiber, ideal, lan, leo, loopback, lossy, satellite, wan, wifi
` + path + `.jitter: "100000000000s": beyond what a duration can be, 292 years
` + path + `.latency: -1s: must be from 0 to 1h0m0s
` + path + `.loss: 1.5: must be from 0 to 1
` + path + `.reorder: -0.5: must be from 0 to 1
` + path + `.duplicate: 2: must be from 0 to 1
` + path + `.corrupt: 3: must be from 0 to 1
` + path + `.bandwidth_bits_per_second: -1: must be from 0 to 1000000000000
` + path + `.queue_bytes: -2: must be from 0 to 2147483647
` + path + `.mtu_bytes: 9: must be from 576 to 65535, or 0`
	}
	endlessWords := func(field string) string {
		return field + `: "100000000000s": beyond what a duration can be, 292 years` + "\n"
	}
	for name, tt := range map[string]struct {
		m    *specv1.VirtualNetwork
		want string
	}{
		"nothing":    {nil, `there is no message: a network needs name`},
		"empty":      {&specv1.VirtualNetwork{}, `name: must be set`},
		"name":       {simulated(func(m *specv1.VirtualNetwork) { m.Name = new("../n") }), `name: "../n": must be 1 to 63 letters, digits, hyphens and underscores`},
		"long name":  {simulated(func(m *specv1.VirtualNetwork) { m.Name = new(strings.Repeat("n", 64)) }), `name: "` + strings.Repeat("n", 64) + `": must be 1 to 63 letters, digits, hyphens and underscores`},
		"other kind": {&specv1.VirtualNetwork{Name: new("n"), Kind: specv1.VirtualNetwork_Kind(9).Enum()}, `kind: 9: is none of pipe, loopback, simulated`},
		"settings": {simulated(func(m *specv1.VirtualNetwork) {
			m.Seed, m.Order, m.Prefix = new(int64(-1)), specv1.VirtualNetwork_Order(8).Enum(), new("10.0.0.0")
			m.BufferBytes, m.Backlog, m.MaxEvents, m.CaptureBytes = new(int64(1)), new(int32(-1)), new(int64(1<<40)), new(int64(1<<20))
			m.DialTimeout, m.WriteTimeout, m.MinRto, m.MaxRto = minus, endless, durationpb.New(time.Minute), durationpb.New(time.Second)
		}), `seed: -1: out of range
order: 8: is none of auto, direct, scheduled
prefix: "10.0.0.0": netip.ParsePrefix("10.0.0.0"): no '/'
` + endlessWords("write_timeout") + `buffer_bytes: 1: must be from 4096 to 1073741824, or 0
backlog: -1: must be from 1 to 65535, or 0
max_events: 1099511627776: must be at most 2147483647
capture_bytes: 1048576: must be from 1 to 65535, or 0
dial_timeout: -1s: must not be negative
min_rto: 1m0s: must not be above MaxRTO, which is 1s`},
		"only simulated": {&specv1.VirtualNetwork{
			Name: new("n"), Seed: new(int64(1)), Names: new(false), Links: []*specv1.Link{{}}, Faults: []*specv1.Fault{{}}, Routers: []*specv1.Router{{}},
			Subnets: []*specv1.Subnet{{
				Prefix: new("10.0.0.0/8"), Prefix6: new("q"), Quality: &specv1.LinkQuality{},
				Hosts: []*specv1.Host{{Addresses: []string{"10.0.0.1"}, Firewall: &specv1.Firewall{}}},
			}},
		}, `seed: only a network of kind simulated has it
links: only a network of kind simulated has it
routers: only a network of kind simulated has it
faults: only a network of kind simulated has it
names: only a network of kind simulated has it
subnets[0].prefix: only a network of kind simulated has it
subnets[0].quality: only a network of kind simulated has it
subnets[0].prefix6: only a network of kind simulated has it
subnets[0].name: must be set
subnets[0].hosts[0].addresses: only a network of kind simulated has it
subnets[0].hosts[0].firewall: only a network of kind simulated has it
subnets[0].hosts[0].name: must be set`},
		"names of pipes": {&specv1.VirtualNetwork{Name: new("n"), Subnets: []*specv1.Subnet{
			{Name: new("a"), Hosts: []*specv1.Host{{Name: new("a")}, {Name: new("b")}}},
			{Name: new("b"), Hosts: []*specv1.Host{{Name: new("c]d")}}},
		}}, `subnets[0].hosts[0].name: "a": is the name of a subnet already
subnets[1].name: "b": is the name of a host already
subnets[1].hosts[0].name: "c]d": cannot be in an address`},
		"names": {simulated(func(m *specv1.VirtualNetwork) {
			m.Subnets[2].Name, m.Subnets[1].Hosts[0].Name = nil, new("x1")
			m.Routers = []*specv1.Router{{Name: new("h2")}}
		}), `subnets[1].hosts[0].name: x1: is the name of a subnet already
subnets[2].name: must be set
routers[0].name: h2: is the name of a host already`},
		"addresses": {simulated(func(m *specv1.VirtualNetwork) {
			m.Subnets[0].Prefix, m.Subnets[1].Prefix6 = new("10.0.0.0/33"), new("10.0.0.0/24")
			m.Subnets[1].Hosts[0].Addresses = []string{"ten", "10.9.9.9"}
		}), `subnets[0].prefix: "10.0.0.0/33": netip.ParsePrefix("10.0.0.0/33"): prefix length out of range
subnets[1].hosts[0].addresses[0]: "ten": ParseAddr("ten"): unable to parse IP
subnets[1].prefix6: 10.0.0.0/24: is not of IPv6
subnets[1].hosts[0].addresses[1]: 10.9.9.9: is in no prefix of the subnet`},
		"quality": {simulated(func(m *specv1.VirtualNetwork) { m.Subnets[0].Quality = bad }), badWords("subnets[0].quality")},
		"links": {simulated(func(m *specv1.VirtualNetwork) {
			m.Links = []*specv1.Link{{From: new("x1"), To: new("x2"), Quality: bad}}
		}), badWords("links[0].quality")},
		"back": {simulated(func(m *specv1.VirtualNetwork) {
			m.Links = []*specv1.Link{{From: new("x1"), To: new("x2"), Back: bad}}
		}), badWords("links[0].back")},
		"ends": {simulated(func(m *specv1.VirtualNetwork) {
			m.Links = []*specv1.Link{{}, {From: new("x1"), To: new("q")}, {From: new("x1"), To: new("x1")}}
		}), `links[0].from: must be set
links[0].to: must be set
links[1].to: q: no subnet, router or host has the name
links[2].to: x1: is the other end as well`},
		"routers": {simulated(func(m *specv1.VirtualNetwork) {
			m.Routers = []*specv1.Router{{
				Name: new("r"), Subnets: []string{"q"}, Inside: []string{"x1"},
				Nat: &specv1.NAT{
					Kind: specv1.NAT_Kind(256).Enum(), External: []string{"x"}, Ports: new("0-1"),
					UdpTimeout: minus, TcpTimeout: endless, MaxFlows: new(int32(-1)),
				},
				Firewall: &specv1.Firewall{
					DefaultAction: specv1.Firewall_Action(256).Enum(), UdpTimeout: endless, TcpTimeout: minus, MaxFlows: new(int32(-2)),
					Rules: []*specv1.Firewall_Rule{{
						Action: specv1.Firewall_Action(-1).Enum(), Direction: specv1.Firewall_Rule_Direction(7).Enum(), Protocol: specv1.Firewall_Rule_Protocol(6).Enum(),
						Source: []string{"10.0.0.0/8", "x"}, Destination: []string{"10.0.0.0/99"}, SourcePorts: new("80-79"), Ports: new("65536"),
					}},
				},
			}}
		}), `routers[0].nat.kind: 256: is none of full_cone, restricted, port_restricted, symmetric
routers[0].nat.external[0]: "x": ParseAddr("x"): unable to parse IP
routers[0].nat.ports: "0-1": want a port from 1 to 65535, or two with a hyphen between
` + endlessWords("routers[0].nat.tcp_timeout") + `routers[0].firewall.default_action: 256: is none of allow, deny, reject
` + endlessWords("routers[0].firewall.udp_timeout") + `routers[0].firewall.rules[0].protocol: 6: is none of any, tcp, udp
routers[0].firewall.rules[0].action: -1: is none of allow, deny, reject
routers[0].firewall.rules[0].direction: 7: is none of both, in, out
routers[0].firewall.rules[0].source[1]: "x": ParseAddr("x"): unable to parse IP
routers[0].firewall.rules[0].destination[0]: "10.0.0.0/99": netip.ParsePrefix("10.0.0.0/99"): prefix length out of range
routers[0].firewall.rules[0].ports: "65536": want a port from 1 to 65535, or two with a hyphen between
routers[0].subnets[0]: q: no subnet has the name "q"
routers[0].firewall.rules[0].source_ports: 80-79: begins after its end
routers[0].firewall.tcp_timeout: -1s: must not be negative
routers[0].firewall.max_flows: -2: must be from 0 to 2147483647
routers[0].inside[0]: x1: is no subnet of the router, and has no link to it
routers[0].nat.udp_timeout: -1s: must not be negative
routers[0].nat.max_flows: -1: must be from 0 to 2147483647`},
		"a NAT without an inside": {simulated(func(m *specv1.VirtualNetwork) {
			m.Routers = []*specv1.Router{{Name: new("r"), Nat: &specv1.NAT{}}}
		}), `routers[0].nat: full-cone: needs an inside of the router`},
		"host firewall": {simulated(func(m *specv1.VirtualNetwork) {
			m.Subnets[0].Hosts[1].Firewall = &specv1.Firewall{Rules: []*specv1.Firewall_Rule{{}, {Ports: new("-")}}}
		}), `subnets[0].hosts[1].firewall.rules[1].ports: "-": want a port from 1 to 65535, or two with a hyphen between`},
		"faults": {simulated(func(m *specv1.VirtualNetwork) {
			m.Faults = []*specv1.Fault{
				{At: minus},
				{At: endless, Action: &specv1.Fault_Crash{Crash: "q"}},
				{Action: &specv1.Fault_Partition_{Partition: &specv1.Fault_Partition{Groups: []*specv1.Fault_Partition_Group{{Hosts: []string{"q"}}, {}}}}},
				{Action: &specv1.Fault_Cut_{Cut: &specv1.Fault_Cut{From: []string{"x1"}}}},
				{Action: &specv1.Fault_SetLink_{SetLink: &specv1.Fault_SetLink{From: new("h1"), To: new("q"), Quality: &specv1.LinkQuality{Loss: new(2.0)}}}},
				{Action: &specv1.Fault_LinkDown{LinkDown: &specv1.Fault_Between{From: new("h1"), To: new("h3")}}},
				{Action: &specv1.Fault_LinkUp{}},
				{Action: &specv1.Fault_Skew_{Skew: &specv1.Fault_Skew{Ahead: endless}}},
				{Action: &specv1.Fault_RebindNat{RebindNat: "x1"}},
				{Action: &specv1.Fault_Restart{}},
				{Action: &specv1.Fault_Pause{Pause: "q"}},
				{Action: &specv1.Fault_Resume{Resume: "q"}},
			}
		}), `faults[0]: has no action: set one of partition, cut, heal, set_link, link_down, link_up, crash, restart, pause, resume, skew, rebind_nat
` + endlessWords("faults[1].at") + endlessWords("faults[7].skew.ahead") + `faults[0].at: -1s: must not be negative
faults[1].crash: no host has the name "q"
faults[2].partition: no host or subnet has the name "q"
faults[2].partition: group 1 is empty
faults[3].cut: group 1 is empty
faults[4].set_link.quality.loss: 2: must be from 0 to 1
faults[4].set_link: nothing has the name "q"
faults[5].link_down: there is no link between "h1" and "h3"
faults[6].link_up: nothing has the name ""
faults[8].rebind_nat: no router has the name "x1"
faults[9].restart: no host has the name ""
faults[10].pause: no host has the name "q"
faults[11].resume: no host has the name "q"`},
	} {
		t.Run(name, func(t *testing.T) {
			before := proto.CloneOf(tt.m)
			_, err := virtspec.NewNetworkFromSpec(tt.m)
			require.Error(t, err)
			assert.Equal(t, tt.want, err.Error())
			for _, e := range spec.Errors(err) {
				assert.Error(t, e.Err)
			}
			assert.True(t, proto.Equal(before, tt.m), "the message was changed")
		})
	}
}

// Errors unwrap to those of the module.
func TestErrorsUnwrap(t *testing.T) {
	_, err := virtspec.VirtualNetworkConfig(t.Context(), simulated(func(m *specv1.VirtualNetwork) {
		m.Subnets[0].Quality = &specv1.LinkQuality{Loss: new(2.0), Profile: new("q")}
	}))
	errs := spec.Errors(err)
	require.Len(t, errs, 2)
	for _, err := range errs {
		_, ok := errors.AsType[*simnet.Error](err)
		assert.True(t, ok, err)
	}
}
