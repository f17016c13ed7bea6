package virtspec

import (
	"fmt"
	"net"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	specv1 "github.com/strata-net/strata/spec/strata/v1"
	"github.com/strata-net/strata/virtnet"
)

// plain checks a network that is not simulated: it has hosts, and subnets in which
// they stand.
func (b *builder) plain(m *specv1.VirtualNetwork) {
	b.only("", m, "name", "kind", "subnets")
	seen := map[string]string{}
	for i, s := range m.GetSubnets() {
		path := fmt.Sprintf("subnets[%d].", i)
		b.only(path, s, "name", "hosts")
		b.unique(path+"name", s.GetName(), "subnet", seen)
		for j, h := range s.GetHosts() {
			path := fmt.Sprintf("%shosts[%d].", path, j)
			b.only(path, h, "name")
			b.unique(path+"name", h.GetName(), "host", seen)
			if a, err := virtnet.ParseAddr("", net.JoinHostPort(h.GetName(), "0")); err != nil || a.Host != h.GetName() {
				b.Addf(path+"name", h.GetName(), "cannot be in an address")
			}
		}
	}
}

// only notes each field that is set and is none of these.
func (b *builder) only(path string, m proto.Message, fields ...protoreflect.Name) {
	known := map[protoreflect.Name]bool{}
	for _, f := range fields {
		known[f] = true
	}
	r := m.ProtoReflect()
	for i := range r.Descriptor().Fields().Len() {
		if f := r.Descriptor().Fields().Get(i); r.Has(f) && !known[f.Name()] {
			b.Addf(path+string(f.Name()), nil, "only a network of kind simulated has it")
		}
	}
}

// unique notes a name that is not there, or that another has.
func (b *builder) unique(path, name, kind string, seen map[string]string) {
	switch other, ok := seen[name]; {
	case name == "":
		b.Addf(path, nil, "must be set")
	case ok:
		b.Addf(path, name, "is the name of a %s already", other)
	default:
		seen[name] = kind
	}
}
