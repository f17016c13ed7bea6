package virtspec

import (
	"fmt"
	"slices"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet/simnet"
)

func (b *builder) router(path string, m *specv1.Router) simnet.Router {
	return simnet.Router{
		Name:     m.GetName(),
		Subnets:  slices.Clone(m.GetSubnets()),
		Inside:   slices.Clone(m.GetInside()),
		NAT:      b.nat(path+"nat.", m.GetNat()),
		Firewall: b.firewall(path+"firewall.", m.GetFirewall()),
	}
}

func (b *builder) nat(path string, m *specv1.NAT) *simnet.NAT {
	if m == nil {
		return nil
	}
	return &simnet.NAT{
		Kind:       simnet.NATKind(build.Number[int](&b.Problems, path+"kind", m.Kind)), //nolint:gosec // noted if it is no kind
		External:   b.addresses(path+"external", m.GetExternal()),
		Ports:      b.ports(path+"ports", m.Ports),
		UDPTimeout: b.Duration(path+"udp_timeout", m.GetUdpTimeout()),
		TCPTimeout: b.Duration(path+"tcp_timeout", m.GetTcpTimeout()),
		MaxFlows:   build.Int[int](&b.Problems, path+"max_flows", m.MaxFlows),
	}
}

func (b *builder) firewall(path string, m *specv1.Firewall) *simnet.Firewall {
	if m == nil {
		return nil
	}
	f := &simnet.Firewall{
		Default:    simnet.Action(build.Number[int](&b.Problems, path+"default_action", m.DefaultAction)), //nolint:gosec // noted if it is no action
		UDPTimeout: b.Duration(path+"udp_timeout", m.GetUdpTimeout()),
		TCPTimeout: b.Duration(path+"tcp_timeout", m.GetTcpTimeout()),
		MaxFlows:   build.Int[int](&b.Problems, path+"max_flows", m.MaxFlows),
	}
	for i, r := range m.GetRules() {
		f.Rules = append(f.Rules, b.rule(fmt.Sprintf("%srules[%d].", path, i), r))
	}
	return f
}

func (b *builder) rule(path string, m *specv1.Firewall_Rule) simnet.Rule {
	build.Number[int](&b.Problems, path+"protocol", m.Protocol)
	return simnet.Rule{
		Action:      simnet.Action(build.Number[int](&b.Problems, path+"action", m.Action)),          //nolint:gosec // noted if it is no action
		Direction:   simnet.Direction(build.Number[int](&b.Problems, path+"direction", m.Direction)), //nolint:gosec // noted if it is no direction
		Protocol:    protocols[m.GetProtocol()],
		Source:      b.Prefixes(path+"source", m.GetSource()),
		Destination: b.Prefixes(path+"destination", m.GetDestination()),
		SourcePorts: b.ports(path+"source_ports", m.SourcePorts),
		Ports:       b.ports(path+"ports", m.Ports),
	}
}

var protocols = map[specv1.Firewall_Rule_Protocol]simnet.Protocol{
	specv1.Firewall_Rule_tcp: simnet.TCP, specv1.Firewall_Rule_udp: simnet.UDP,
}
