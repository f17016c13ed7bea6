package virtspec

import (
	"context"
	"fmt"
	"regexp"

	"github.com/strata-net/strata/spec/internal/build"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet/simnet"
)

// Config is what a message describes.
type Config struct {
	// Kind of network.
	Kind specv1.VirtualNetwork_Kind
	// Name of the network.
	Name string
	// Hosts are the names of the hosts, in order.
	Hosts []string
	// Topology is for [simnet.NewTopology], nil if the network is not simulated.
	Topology *simnet.Topology
}

// builder is one message on its way to a config.
type builder struct{ build.Problems }

// VirtualNetworkConfig converts and checks the description of a network. The message
// is neither changed nor kept; nil is an error. What only a simulated network has is
// an error in one of another kind.
func VirtualNetworkConfig(_ context.Context, m *specv1.VirtualNetwork) (*Config, error) {
	var b builder
	if m == nil {
		b.Addf("", nil, "there is no message: a network needs name")
		return nil, b.Err()
	}
	c := &Config{Kind: m.GetKind(), Name: m.GetName()}
	build.Number[int](&b.Problems, "kind", m.Kind)
	b.name(m)
	for _, s := range m.GetSubnets() {
		for _, h := range s.GetHosts() {
			c.Hosts = append(c.Hosts, h.GetName())
		}
	}
	if c.Kind == specv1.VirtualNetwork_simulated {
		c.Topology = b.topology(m)
		b.Module(c.Topology.Check(), nil, blamer(m))
	} else {
		b.plain(m)
	}
	if err := b.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

var good = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)

func (b *builder) name(m *specv1.VirtualNetwork) {
	switch {
	case m.GetName() == "":
		b.Addf("name", nil, "must be set")
	case !good.MatchString(m.GetName()):
		b.Addf("name", m.GetName(), "must be 1 to 63 letters, digits, hyphens and underscores")
	}
}

// topology converts what a simulated network is made of.
func (b *builder) topology(m *specv1.VirtualNetwork) *simnet.Topology {
	t := &simnet.Topology{Config: b.config(m)}
	for i, s := range m.GetSubnets() {
		t.Subnets = append(t.Subnets, b.subnet(fmt.Sprintf("subnets[%d].", i), s))
	}
	for i, r := range m.GetRouters() {
		t.Routers = append(t.Routers, b.router(fmt.Sprintf("routers[%d].", i), r))
	}
	for i, l := range m.GetLinks() {
		t.Links = append(t.Links, b.link(fmt.Sprintf("links[%d].", i), l))
	}
	for i, f := range m.GetFaults() {
		t.Faults = append(t.Faults, b.fault(fmt.Sprintf("faults[%d].", i), f))
	}
	return t
}

// config converts the settings of a simulated network.
func (b *builder) config(m *specv1.VirtualNetwork) simnet.Config {
	return simnet.Config{
		Name:         m.GetName(),
		Seed:         build.Int[uint64](&b.Problems, "seed", m.Seed),
		Order:        simnet.Order(build.Number[int](&b.Problems, "order", m.Order)), //nolint:gosec // noted if it is no order
		Names:        m.GetNames(),
		Prefix:       b.prefix("prefix", m.Prefix),
		BufferBytes:  build.Int[int](&b.Problems, "buffer_bytes", m.BufferBytes),
		Backlog:      build.Int[int](&b.Problems, "backlog", m.Backlog),
		MaxEvents:    build.Int[int](&b.Problems, "max_events", m.MaxEvents),
		CaptureBytes: build.Int[int](&b.Problems, "capture_bytes", m.CaptureBytes),
		DialTimeout:  b.Duration("dial_timeout", m.GetDialTimeout()),
		WriteTimeout: b.Duration("write_timeout", m.GetWriteTimeout()),
		MinRTO:       b.Duration("min_rto", m.GetMinRto()),
		MaxRTO:       b.Duration("max_rto", m.GetMaxRto()),
	}
}
