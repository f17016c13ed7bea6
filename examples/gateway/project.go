package main

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// projected are fields of a module's message that a listener calls otherwise, or
// ("") must not have.
type projected map[protoreflect.Name]protoreflect.Name

// project fills dst with the fields of src that have the same name and type, so
// that a listener says once what several modules call the same.
func project(dst, src proto.Message, other projected) {
	to, from := dst.ProtoReflect(), src.ProtoReflect()
	fields := to.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		name := field.Name()
		if n, ok := other[name]; ok {
			name = n
		}
		same := from.Descriptor().Fields().ByName(name)
		if same != nil && from.Has(same) && sameType(field, same) {
			copyField(to, field, from.Get(same))
		}
	}
}

// copyField sets a field to a value of one with the same type. A map is filled, as
// it cannot be taken over.
func copyField(to protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value) {
	if !field.IsMap() {
		to.Set(field, value)
		return
	}
	entries := to.Mutable(field).Map()
	value.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		entries.Set(k, v)
		return true
	})
}

func sameType(a, b protoreflect.FieldDescriptor) bool {
	if a.IsMap() && b.IsMap() { // each has an entry type of its own
		return sameType(a.MapKey(), b.MapKey()) && sameType(a.MapValue(), b.MapValue())
	}
	return a.Kind() == b.Kind() && a.Cardinality() == b.Cardinality() &&
		a.Message() == b.Message() && a.Enum() == b.Enum()
}
