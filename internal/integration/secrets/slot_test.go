package secrets_test

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// A slot is a place in a message where a secret goes: the fields that lead to it.
type slot []protoreflect.FieldDescriptor

func (s slot) String() string {
	names := make([]string, len(s))
	for i, fd := range s {
		names[i] = string(fd.Name())
	}
	return strings.Join(names, ".")
}

const dataSource = "strata.v1.DataSource"

// slotsOf finds the secrets of a message: each DataSource, and each field that
// the schema marks.
func slotsOf(d protoreflect.MessageDescriptor, way slot) []slot {
	var list []slot
	for i := range d.Fields().Len() {
		fd := d.Fields().Get(i)
		at := append(append(slot{}, way...), fd)
		inner := fd.Message()
		if fd.IsMap() {
			inner = fd.MapValue().Message()
		}
		switch {
		case marked(fd), inner != nil && inner.FullName() == dataSource:
			list = append(list, at)
		case inner != nil && strings.HasPrefix(string(inner.FullName()), "strata.v1.") && !at.repeats():
			list = append(list, slotsOf(inner, at)...)
		}
	}
	return list
}

// repeats reports whether the last field leads to a message that led to it.
func (s slot) repeats() bool {
	last := s[len(s)-1]
	for _, fd := range s {
		if fd.ContainingMessage() == last.Message() {
			return true
		}
	}
	return false
}

// isURL reports whether a config has the secret in a *url.URL, which shows its password
// to programs that print the config. Errors and logs of the modules never do.
func (s slot) isURL() bool { return s[len(s)-1].Name() == "proxy_url" }

func marked(fd protoreflect.FieldDescriptor) bool {
	o, _ := fd.Options().(*descriptorpb.FieldOptions)
	return o.GetDebugRedact()
}

// A value fills a slot. One that is a text of a DataSource has its field.
type value struct{ name, field, text string }

// fill puts a value into the slot, and makes the rest of what leads there wrong
// if it is asked to.
func (s slot) fill(m protoreflect.Message, v value, spoilt bool) {
	if spoilt {
		spoil(m)
	}
	fd := s[0]
	if len(s) > 1 || (fd.Message() != nil && !fd.IsMap()) || (fd.IsMap() && fd.MapValue().Message() != nil) {
		inner := enter(m, fd)
		if len(s) > 1 {
			s[1:].fill(inner, v, spoilt)
			return
		}
		inner.Set(inner.Descriptor().Fields().ByName(protoreflect.Name(v.field)), protoreflect.ValueOfString(v.text))
		return
	}
	switch text := protoreflect.ValueOfString(v.text); {
	case fd.IsMap():
		m.Mutable(fd).Map().Set(protoreflect.ValueOfString("X-Token").MapKey(), text)
	case fd.Kind() == protoreflect.StringKind:
		m.Set(fd, text)
	default:
		panic(fmt.Sprintf("%v is a secret of a kind that this test does not know", fd.FullName()))
	}
}

// enter makes the message that a field leads to.
func enter(m protoreflect.Message, fd protoreflect.FieldDescriptor) protoreflect.Message {
	switch {
	case fd.IsMap():
		return m.Mutable(fd).Map().Mutable(protoreflect.ValueOfString("client").MapKey()).Message()
	case fd.IsList():
		return m.Mutable(fd).List().AppendMutable().Message()
	}
	return m.Mutable(fd).Message()
}

// spoil gives each number a value that no field allows, so that a builder has
// much to say.
func spoil(m protoreflect.Message) {
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		if fd.IsList() || fd.IsMap() || fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
			continue
		}
		switch fd.Kind() {
		case protoreflect.Int64Kind:
			m.Set(fd, protoreflect.ValueOfInt64(-7))
		case protoreflect.Int32Kind:
			m.Set(fd, protoreflect.ValueOfInt32(-7))
		}
	}
}

// filled returns a new message with a value in the slot.
func filled(like proto.Message, s slot, v value, spoilt bool) proto.Message {
	m := like.ProtoReflect().New()
	s.fill(m, v, spoilt)
	return m.Interface()
}

func findMessage(name protoreflect.FullName) (protoreflect.MessageType, error) {
	return protoregistry.GlobalTypes.FindMessageByName(name)
}
