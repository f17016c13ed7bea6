package spectest_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec/internal/spectest"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// network returns a case whose mapper takes all there is, after change.
func network(change func(*specv1.VirtualNetwork)) *spectest.Case {
	return &spectest.Case{
		New: func() proto.Message { return &specv1.VirtualNetwork{Name: new("n")} },
		Map: func(m proto.Message) (any, error) {
			c := proto.CloneOf(m).(*specv1.VirtualNetwork)
			change(c)
			return proto.MarshalOptions{Deterministic: true}.Marshal(c)
		},
	}
}

func TestEveryField(t *testing.T) {
	c := network(func(*specv1.VirtualNetwork) {})
	c.Samples = map[string]any{"kind": "simulated", "subnets.hosts": &specv1.Host{Name: new("h")}}
	spectest.EveryField(t, c)
}

// What is not mapped is found, also deep inside.
func TestEveryField_Forgotten(t *testing.T) {
	c := network(func(m *specv1.VirtualNetwork) {
		m.Seed, m.Kind = nil, m.GetKind().Enum()
		for _, s := range m.GetSubnets() {
			s.Prefix = nil
			for _, h := range s.GetHosts() {
				h.Addresses = nil
			}
			if s.GetQuality() != nil {
				s.Quality.Latency = nil
			}
		}
	})
	assert.Equal(t, map[string]string{
		"seed":                    "no effect with 3, and no proof",
		"subnets.prefix":          "no effect with sample, and no proof",
		"subnets.hosts.addresses": "no effect with sample, and no proof",
		"subnets.quality.latency": "no effect with 7s, and no proof",
	}, c.Effects())
	c.Proofs = map[string]func(*testing.T){
		"seed": func(*testing.T) {}, "subnets.prefix": func(*testing.T) {}, "subnets.hosts.addresses": func(*testing.T) {},
	}
	assert.Len(t, c.Effects(), 1)
}

// One value of an enum that is taken for another is found.
func TestEveryField_Enum(t *testing.T) {
	c := network(func(m *specv1.VirtualNetwork) {
		if m.GetKind() == specv1.VirtualNetwork_loopback {
			m.Kind = specv1.VirtualNetwork_simulated.Enum()
		}
	})
	assert.Equal(t, map[string]string{"kind": "no effect with simulated, and no proof"}, c.Effects())
}

func TestEveryField_Failures(t *testing.T) {
	none := func(*specv1.VirtualNetwork) {}
	c := network(none)
	c.Foreign = []proto.Message{&specv1.Subnet{}, &specv1.Link{}}
	for _, tt := range []struct {
		name   string
		mapper func(proto.Message) (any, error)
		want   string
	}{
		{"mapper fails", func(proto.Message) (any, error) { return nil, io.EOF }, "mapper: EOF"},
		{"random", func(proto.Message) (any, error) { return rand.Int64(), nil },
			"the same message gives different results: Map has to take out what differs"},
		{"changes", func(m proto.Message) (any, error) {
			m.(*specv1.VirtualNetwork).Seed = proto.Int64(1)
			return 1, nil
		}, "the mapper has changed the message"},
		{"second fails", second(), "mapper, second call: EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.Map = tt.mapper
			assert.Equal(t, tt.want, c.Effects()["seed"])
			c.Map = network(none).Map
		})
	}
	c.Samples = map[string]any{"seed": "text", "name": 1, "kind": "unknown", "subnets": &specv1.Link{}}
	assert.Equal(t, map[string]string{
		"seed":    "sample: string is not a value of kind int64",
		"name":    "sample: int is not a value of kind string",
		"kind":    "sample: unknown is not a value of strata.v1.VirtualNetwork.Kind",
		"subnets": "sample: *specv1.Link is not a strata.v1.Subnet",
	}, c.Effects())
	c.Samples, c.Foreign = map[string]any{"subnets": 1}, nil
	assert.Contains(t, c.Effects()["subnets.name"], "sample of subnets: ")
}

func second() func(proto.Message) (any, error) {
	calls := 0
	return func(proto.Message) (any, error) {
		if calls++; calls%2 == 0 {
			return nil, io.EOF
		}
		return 1, nil
	}
}

func TestEveryField_Stale(t *testing.T) {
	c := network(func(*specv1.VirtualNetwork) {})
	c.Samples = map[string]any{"kind": "simulated", "color": 1}
	c.Needs = map[string]proto.Message{"subnets.color": nil}
	c.Proofs = map[string]func(*testing.T){"links.color": nil}
	c.Foreign = []proto.Message{&specv1.Link{}, &specv1.TLSConfig{}}
	assert.Equal(t, []string{
		"Samples has color, which is not a field",
		"Needs has subnets.color, which is not a field",
		"Proofs has links.color, which is not a field",
		"Foreign has strata.v1.TLSConfig, which is not in the message",
	}, c.Stale())
}

// What a field cannot be without is in both messages.
func TestEveryField_Needs(t *testing.T) {
	c := network(func(*specv1.VirtualNetwork) {})
	inner := c.Map
	c.Map = func(m proto.Message) (any, error) {
		n := m.(*specv1.VirtualNetwork)
		if len(n.GetLinks()) > 0 && n.GetKind() != specv1.VirtualNetwork_simulated {
			return nil, errors.New("links need simulated")
		}
		return inner(m)
	}
	assert.NotEmpty(t, c.Effects())
	c.Needs = map[string]proto.Message{"links": &specv1.VirtualNetwork{Kind: specv1.VirtualNetwork_simulated.Enum()}}
	assert.Empty(t, c.Effects())
}

// A map has elements of scalars and of google.protobuf.Value.
func TestEveryField_Maps(t *testing.T) {
	spectest.EveryField(t, &spectest.Case{
		New: func() proto.Message { return &specv1.DialConfig{} },
		Map: func(m proto.Message) (any, error) {
			return proto.MarshalOptions{Deterministic: true}.Marshal(m)
		},
		Samples: map[string]any{
			"options": map[string]any{"TCP_KEEPIDLE": "30s", "TCP_NODELAY": true},
			"tls":     &specv1.TLSConfig{ServerName: new("x")},
		},
		Foreign: []proto.Message{&specv1.TLSConfig{}, &specv1.SockOption{}},
	})
}
