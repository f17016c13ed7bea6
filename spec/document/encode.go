package document

import (
	"cmp"
	"encoding/base64"
	"errors"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/spec"
)

// writer turns messages into trees.
type writer struct{ errs []error }

func (w *writer) fail(at *step, err error) {
	w.errs = append(w.errs, &spec.Error{Path: at.String(), Err: err})
}

func (w *writer) message(at *step, m protoreflect.Message) *node {
	switch m.Descriptor().FullName() {
	case "google.protobuf.Duration":
		return w.duration(at, m)
	case "google.protobuf.Value", "google.protobuf.Struct", "google.protobuf.ListValue":
		return w.any(at, m)
	}
	n := &node{kind: object}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); m.Has(fd) {
			name := string(fd.Name())
			n.entries = append(n.entries, entry{textNode(name), w.field(at.field(name), m.Get(fd), fd)})
		}
	}
	return n
}

func textNode(s string) *node { return &node{kind: text, text: s} }

func numberNode(s string) *node { return &node{kind: number, text: s} }

func (w *writer) field(at *step, v protoreflect.Value, fd protoreflect.FieldDescriptor) *node {
	switch {
	case fd.IsList():
		n := &node{kind: array}
		for i := range v.List().Len() {
			n.items = append(n.items, w.element(at.item(i), v.List().Get(i), fd))
		}
		return n
	case fd.IsMap():
		n := &node{kind: object}
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			key := textNode(k.String())
			n.entries = append(n.entries, entry{key, w.element(at.entry(key.text), v, fd.MapValue())})
			return true
		})
		sortEntries(n)
		return n
	}
	return w.element(at, v, fd)
}

func sortEntries(n *node) {
	slices.SortFunc(n.entries, func(a, b entry) int { return cmp.Compare(a.key.text, b.key.text) })
}

func (w *writer) element(at *step, v protoreflect.Value, fd protoreflect.FieldDescriptor) *node {
	switch fd.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return w.message(at, v.Message())
	case protoreflect.BoolKind:
		return &node{kind: boolean, text: strconv.FormatBool(v.Bool())}
	case protoreflect.StringKind:
		return w.text(at, v.String())
	case protoreflect.BytesKind:
		return textNode(base64.StdEncoding.EncodeToString(v.Bytes()))
	case protoreflect.EnumKind:
		if name := fd.Enum().Values().ByNumber(v.Enum()); name != nil {
			return textNode(string(name.Name()))
		}
		return numberNode(strconv.Itoa(int(v.Enum())))
	case protoreflect.FloatKind:
		return floatNode(v.Float(), 32)
	case protoreflect.DoubleKind:
		return floatNode(v.Float(), 64)
	}
	return numberNode(v.String())
}

var errLetters = errors.New("is not UTF-8")

// text refuses what is not UTF-8: no format but the wire has it.
func (w *writer) text(at *step, s string) *node {
	if !utf8.ValidString(s) {
		w.fail(at, errLetters)
	}
	return textNode(s)
}

// floatNode writes a number so that it reads back the same; those that are none
// are text, as in protobuf's JSON.
func floatNode(f float64, bits int) *node {
	switch {
	case math.IsNaN(f):
		return textNode("NaN")
	case math.IsInf(f, 1):
		return textNode("Infinity")
	case math.IsInf(f, -1):
		return textNode("-Infinity")
	}
	if math.Abs(f) < 1e21 && f == math.Trunc(f) {
		return numberNode(strconv.FormatFloat(f, 'f', 0, bits)) // every digit: see double
	}
	return numberNode(strconv.FormatFloat(f, 'g', -1, bits))
}

func (w *writer) duration(at *step, m protoreflect.Message) *node {
	d := &durationpb.Duration{}
	proto.Merge(d, m.Interface())
	s, err := formatDuration(d)
	if err != nil {
		w.fail(at, err)
	}
	return textNode(s)
}

// any writes a Value, Struct or ListValue.
func (w *writer) any(at *step, m protoreflect.Message) *node {
	switch m.Descriptor().Name() {
	case "Struct":
		s := &structpb.Struct{}
		proto.Merge(s, m.Interface())
		return w.value(at, structpb.NewStructValue(s))
	case "ListValue":
		l := &structpb.ListValue{}
		proto.Merge(l, m.Interface())
		return w.value(at, structpb.NewListValue(l))
	}
	v := &structpb.Value{}
	proto.Merge(v, m.Interface())
	return w.value(at, v)
}

func (w *writer) value(at *step, v *structpb.Value) *node {
	n := &node{}
	switch k := v.GetKind().(type) {
	case *structpb.Value_NullValue:
		return n
	case *structpb.Value_BoolValue:
		return &node{kind: boolean, text: strconv.FormatBool(k.BoolValue)}
	case *structpb.Value_StringValue:
		return w.text(at, k.StringValue)
	case *structpb.Value_NumberValue:
		if k.NumberValue-k.NumberValue != 0 {
			w.fail(at, errFinite)
		}
		return floatNode(k.NumberValue, 64)
	case *structpb.Value_ListValue:
		n.kind = array
		for i, item := range k.ListValue.GetValues() {
			n.items = append(n.items, w.value(at.item(i), item))
		}
	case *structpb.Value_StructValue:
		n.kind = object
		for key, inner := range k.StructValue.GetFields() {
			n.entries = append(n.entries, entry{w.text(at, key), w.value(at.entry(key), inner)})
		}
		sortEntries(n)
	default:
		w.fail(at, errors.New("a google.protobuf.Value without a value"))
	}
	return n
}
