package virtspec_test

import (
	"maps"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/spec/virtspec"
)

// around is a network in which the samples of links, routers and faults are valid.
func around() *specv1.VirtualNetwork {
	return &specv1.VirtualNetwork{
		Subnets: []*specv1.Subnet{
			{Name: new("x1"), Hosts: []*specv1.Host{{Name: new("h1")}, {Name: new("h2")}}},
			{Name: new("x2"), Hosts: []*specv1.Host{{Name: new("h3")}}},
			{Name: new("x3")},
		},
	}
}

func TestEveryField(t *testing.T) {
	faulty := around()
	faulty.Routers = []*specv1.Router{
		{Name: new("r1"), Subnets: []string{"x1", "x2"}, Inside: []string{"x1"}, Nat: &specv1.NAT{}},
		{Name: new("r2"), Subnets: []string{"x1", "x2"}, Inside: []string{"x1"}, Nat: &specv1.NAT{}},
	}
	samples := map[string]any{
		"kind": "loopback", "prefix": "10.9.0.0/16", "buffer_bytes": 8192,
		"subnets": &specv1.Subnet{Name: new("s")}, "subnets.prefix": "10.0.0.0/24", "subnets.prefix6": "fd00::/64",
		"subnets.hosts": &specv1.Host{Name: new("h")}, "subnets.hosts.addresses": "10.0.0.7",
		"links": &specv1.Link{From: new("x1"), To: new("x2")}, "links.from": "x3", "links.to": "x3",
		"routers":         &specv1.Router{Name: new("r"), Subnets: []string{"x1", "x2"}, Inside: []string{"x1"}},
		"routers.subnets": []string{"x1"}, "routers.inside": "x2", "routers.nat.external": "192.0.2.1", "routers.nat.ports": "1-9",
		"faults":                        &specv1.Fault{Action: &specv1.Fault_Crash{Crash: "h1"}},
		"faults.partition":              &specv1.Fault_Partition{Groups: []*specv1.Fault_Partition_Group{{Hosts: []string{"h1"}}}},
		"faults.partition.groups.hosts": "h2",
		"faults.cut":                    &specv1.Fault_Cut{From: []string{"h1"}, To: []string{"h2"}},
		"faults.cut.from":               "h3", "faults.cut.to": "h3",
		"faults.set_link":      &specv1.Fault_SetLink{From: new("h1"), To: new("h2")},
		"faults.set_link.from": "h3", "faults.set_link.to": "h3",
		"faults.link_down":      &specv1.Fault_Between{From: new("h1"), To: new("h2")},
		"faults.link_down.from": "x1", "faults.link_down.to": "x1",
		"faults.link_up":      &specv1.Fault_Between{From: new("h1"), To: new("h2")},
		"faults.link_up.from": "x1", "faults.link_up.to": "x1",
		"faults.crash": "h2", "faults.restart": "h2", "faults.pause": "h2", "faults.resume": "h2", "faults.rebind_nat": "r2",
		"faults.skew": &specv1.Fault_Skew{Host: new("h1")}, "faults.skew.host": "h2",
	}
	for _, path := range []string{"subnets.quality.", "links.quality.", "links.back.", "faults.set_link.quality."} {
		maps.Copy(samples, map[string]any{
			path + "loss": 0.5, path + "reorder": 0.5, path + "duplicate": 0.5, path + "corrupt": 0.5,
			path + "mtu_bytes": 1500, path + "profile": "lan",
		})
	}
	for _, path := range []string{"subnets.hosts.firewall.rules.", "routers.firewall.rules."} {
		maps.Copy(samples, map[string]any{
			path + "source": "10.0.0.0/8", path + "destination": "192.0.2.7", path + "source_ports": "80", path + "ports": "1-65535",
		})
	}
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message {
			return &specv1.VirtualNetwork{Name: new("n"), Kind: specv1.VirtualNetwork_simulated.Enum()}
		},
		Map: func(m proto.Message) (any, error) {
			return virtspec.VirtualNetworkConfig(t.Context(), m.(*specv1.VirtualNetwork))
		},
		Samples: samples,
		Needs:   map[string]proto.Message{"links": around(), "routers": around(), "faults": faulty},
	})
}
