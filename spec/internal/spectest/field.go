package spectest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// field is one of the message, or of those inside of it.
type field struct {
	path  string
	chain []protoreflect.FieldDescriptor // from the root
	leaf  bool                           // to be tested as a whole
}

func (f field) last() protoreflect.FieldDescriptor { return f.chain[len(f.chain)-1] }

// message returns what the field holds, also in a list or map; nil for scalars.
func (f field) message() protoreflect.MessageDescriptor { return message(f.last()) }

func message(d protoreflect.FieldDescriptor) protoreflect.MessageDescriptor {
	if d.IsMap() {
		return d.MapValue().Message()
	}
	return d.Message()
}

// fields returns all of them, outer ones first.
func (c *Case) fields() []field {
	var list []field
	var walk func(m protoreflect.MessageDescriptor, chain []protoreflect.FieldDescriptor, path string)
	walk = func(m protoreflect.MessageDescriptor, chain []protoreflect.FieldDescriptor, path string) {
		for i := range m.Fields().Len() {
			d := m.Fields().Get(i)
			f := field{path: strings.TrimPrefix(path+"."+string(d.Name()), ".")}
			f.chain = append(slices.Clone(chain), d)
			f.leaf = c.whole(f)
			list = append(list, f)
			if !f.leaf {
				walk(f.message(), f.chain, f.path)
			}
		}
	}
	walk(c.New().ProtoReflect().Descriptor(), nil, "")
	return list
}

// whole reports whether the field is tested without a look at its inside: a
// scalar, a well-known message, a foreign one, one without fields, and one that is
// inside of itself.
func (c *Case) whole(f field) bool {
	m := f.message()
	if m == nil || m.Fields().Len() == 0 || m.ParentFile().Package() == "google.protobuf" {
		return true
	}
	for _, other := range c.Foreign {
		if other.ProtoReflect().Descriptor().FullName() == m.FullName() {
			return true
		}
	}
	for _, outer := range f.chain {
		if outer.ContainingMessage().FullName() == m.FullName() {
			return true
		}
	}
	return false
}

// parent returns the message that has the field, and makes what is between.
func (c *Case) parent(m protoreflect.Message, f field) (protoreflect.Message, error) {
	path := ""
	for _, d := range f.chain[:len(f.chain)-1] {
		path = strings.TrimPrefix(path+"."+string(d.Name()), ".")
		if !m.Has(d) {
			value, err := c.begin(m, d, path)
			if err != nil {
				return nil, fmt.Errorf("sample of %s: %w", path, err)
			}
			m.Set(d, value)
		}
		switch {
		case d.IsList():
			list := m.Mutable(d).List()
			m = list.Get(list.Len() - 1).Message()
		case d.IsMap():
			entries := m.Mutable(d).Map()
			entries.Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
				m = entries.Mutable(key).Message()
				return false
			})
		default:
			m = m.Mutable(d).Message()
		}
	}
	return m, nil
}

// begin returns what a message around the field is before the field is set.
func (c *Case) begin(m protoreflect.Message, d protoreflect.FieldDescriptor, path string) (protoreflect.Value, error) {
	given, ok := c.Samples[path]
	if !ok {
		given = element(m, d).Interface()
	}
	return convert(m, d, given)
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
