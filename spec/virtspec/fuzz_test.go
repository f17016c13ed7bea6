package virtspec_test

import (
	"net/netip"
	"testing"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/virtspec"
)

// What is read is what was meant: a range within 1 to 65535, a prefix, an address.
func FuzzTexts(f *testing.F) {
	f.Add("80", "10.0.0.0/8", "10.0.0.1")
	f.Add("8000-8010", "fd00::/64", "fd00::1%eth0")
	f.Add("0-65536", "::ffff:1.2.3.4/100", "")
	f.Add("+1--2", "10.0.0.0/+8", "localhost")
	f.Fuzz(func(t *testing.T, ports, prefix, addr string) {
		c, err := virtspec.VirtualNetworkConfig(t.Context(), simulated(func(m *specv1.VirtualNetwork) {
			m.Subnets[0].Prefix, m.Subnets[1].Hosts[0].Addresses = &prefix, []string{addr}
			m.Subnets[1].Prefix = new("198.18.0.0/15")
			m.Subnets[1].Hosts[0].Firewall = &specv1.Firewall{Rules: []*specv1.Firewall_Rule{{Ports: &ports, Source: []string{prefix}}}}
		}))
		if err != nil {
			return
		}
		r := c.Topology.Subnets[1].Hosts[0].Firewall.Rules[0].Ports
		if r.First == 0 || r.First > r.Last {
			t.Errorf("%q is read as %v", ports, r)
		}
		if want := netip.MustParsePrefix(prefix); c.Topology.Subnets[0].Prefix != want {
			t.Errorf("%q is read as %v", prefix, c.Topology.Subnets[0].Prefix)
		}
		if a := c.Topology.Subnets[1].Hosts[0].Addresses[0]; !netip.MustParsePrefix("198.18.0.0/15").Contains(a.Unmap()) {
			t.Errorf("%q is read as %v", addr, a)
		}
	})
}
