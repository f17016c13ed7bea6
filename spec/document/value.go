package document

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/structpb"
)

// wellKnown reads the messages that have a form of their own. A test fails when
// the schema uses another one of google.protobuf.
var wellKnown map[protoreflect.FullName]func(r *reader, at *step, n *node, m protoreflect.Message, secret bool, depth int)

func init() { //nolint:gochecknoinits // a message may hold a Value, and a Value is read like a message
	type reading = func(r *reader, at *step, n *node, m protoreflect.Message, secret bool, depth int)
	wellKnown = map[protoreflect.FullName]reading{
		"google.protobuf.Duration":  duration,
		"google.protobuf.Value":     value,
		"google.protobuf.Struct":    structure,
		"google.protobuf.ListValue": values,
	}
}

// duration reads text such as 30s.
func duration(r *reader, at *step, n *node, m protoreflect.Message, secret bool, depth int) {
	if !r.enter(at, n, depth) {
		return
	}
	if n.kind != text && n.kind != number {
		r.mismatch(at, n, secret, "a duration such as 30s")
		return
	}
	d, err := parseDuration(n.text)
	if err != nil {
		if n.filled || secret {
			err = errDuration // that which shows no digits
		}
		r.fail(at, n, show(n, secret), err)
		return
	}
	proto.Merge(m.Interface(), d)
}

func value(r *reader, at *step, n *node, m protoreflect.Message, secret bool, depth int) {
	if v := r.any(at, n, secret, depth); v != nil {
		proto.Merge(m.Interface(), v)
	}
}

func structure(r *reader, at *step, n *node, m protoreflect.Message, secret bool, depth int) {
	if v := r.any(at, n, secret, depth); v.GetStructValue() != nil {
		proto.Merge(m.Interface(), v.GetStructValue())
	} else if v != nil {
		r.mismatch(at, n, secret, "an object")
	}
}

func values(r *reader, at *step, n *node, m protoreflect.Message, secret bool, depth int) {
	if v := r.any(at, n, secret, depth); v.GetListValue() != nil {
		proto.Merge(m.Interface(), v.GetListValue())
	} else if v != nil {
		r.mismatch(at, n, secret, "a list")
	}
}

// any returns what the document has, whatever it is; nil after an error.
func (r *reader) any(at *step, n *node, secret bool, depth int) *structpb.Value {
	if !r.enter(at, n, depth) {
		return nil
	}
	switch n.kind {
	case null:
		if n.bare {
			r.fail(at, n, "", errBareNull)
			return nil
		}
		return structpb.NewNullValue()
	case boolean:
		return structpb.NewBoolValue(strings.EqualFold(n.text, "true"))
	case number:
		return r.double(at, n, secret)
	case array:
		return structpb.NewListValue(r.anyList(at, n, secret, depth))
	case object:
		return structpb.NewStructValue(r.anyObject(at, n, secret, depth))
	}
	return structpb.NewStringValue(n.text)
}

// double returns a number; an integer that a double would round becomes text.
func (r *reader) double(at *step, n *node, secret bool) *structpb.Value {
	f, exact, err := double(n.text)
	switch {
	case err != nil:
		r.fail(at, n, show(n, secret), err)
		return nil
	case f-f != 0:
		r.fail(at, n, show(n, secret), errFinite)
		return nil
	case exact:
		return structpb.NewNumberValue(f)
	}
	return structpb.NewStringValue(decimal(n.text))
}

func (r *reader) anyList(at *step, n *node, secret bool, depth int) *structpb.ListValue {
	l := &structpb.ListValue{}
	for i, item := range n.items {
		v := r.any(at.item(i), item, secret, depth+1)
		if v == nil {
			v = structpb.NewNullValue() // those that follow keep their index
		}
		l.Values = append(l.Values, v)
		if r.over {
			break
		}
	}
	return l
}

func (r *reader) anyObject(at *step, n *node, secret bool, depth int) *structpb.Struct {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	seen := map[any]*node{}
	fd := s.ProtoReflect().Descriptor().Fields().ByName("fields")
	for _, e := range n.entries {
		key, ok := r.key(at, e.key, fd.MapKey(), seen)
		if !ok {
			continue
		}
		if v := r.any(at.entry(e.key.text), e.value, secret, depth+1); v != nil {
			s.Fields[key.String()] = v
		}
		if r.over {
			break
		}
	}
	return s
}
