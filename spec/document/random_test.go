package document_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	_ "github.com/strata-net/strata/spec/strata/v1"
)

// messages returns one of every message of the schema.
func messages(t testing.TB) (list []protoreflect.MessageType) {
	t.Helper()
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		if mt.Descriptor().ParentFile().Package() == "strata.v1" {
			list = append(list, mt)
		}
		return true
	})
	if len(list) < 5 {
		t.Fatal("the schema is not linked")
	}
	return list
}

// maker makes messages by chance.
type maker struct{ *rand.Rand }

func (r maker) message(m protoreflect.Message, depth int) {
	switch m.Descriptor().FullName() {
	case "google.protobuf.Duration":
		proto.Merge(m.Interface(), r.duration())
		return
	case "google.protobuf.Value":
		proto.Merge(m.Interface(), r.value(depth))
		return
	case "google.protobuf.Struct":
		proto.Merge(m.Interface(), &structpb.Struct{Fields: map[string]*structpb.Value{r.text(): r.value(depth)}})
		return
	case "google.protobuf.ListValue":
		proto.Merge(m.Interface(), &structpb.ListValue{Values: []*structpb.Value{r.value(depth)}})
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		if fd := fields.Get(i); r.IntN(3) > 0 && (depth > 0 || fd.Message() == nil) {
			r.field(m, fd, depth)
		}
	}
}

func (r maker) field(m protoreflect.Message, fd protoreflect.FieldDescriptor, depth int) {
	switch {
	case fd.IsList():
		l := m.Mutable(fd).List()
		for range r.IntN(3) {
			l.Append(r.element(l.NewElement(), fd, depth))
		}
	case fd.IsMap():
		d := m.Mutable(fd).Map()
		for range r.IntN(3) {
			key := r.element(protoreflect.Value{}, fd.MapKey(), depth)
			d.Set(key.MapKey(), r.element(d.NewValue(), fd.MapValue(), depth))
		}
	default:
		m.Set(fd, r.element(m.NewField(fd), fd, depth))
	}
}

func (r maker) element(v protoreflect.Value, fd protoreflect.FieldDescriptor, depth int) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		r.message(v.Message(), depth-1)
		return v
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(r.IntN(2) == 0)
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(r.text())
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(r.text()))
	case protoreflect.EnumKind:
		if r.IntN(10) == 0 {
			return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.Int32()))
		}
		values := fd.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(r.IntN(values.Len())).Number())
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(r.integer()))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(r.integer())
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(r.integer()))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(uint64(r.integer()))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(r.float()))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(r.float())
	}
	panic("a new kind: " + fd.Kind().String())
}

func (r maker) integer() int64 {
	edges := []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64, 1<<53 + 1}
	if r.IntN(2) == 0 {
		return edges[r.IntN(len(edges))]
	}
	return int64(r.Uint64() >> r.IntN(64))
}

func (r maker) float() float64 {
	edges := []float64{0, 0.1, -1.5, 1e300, 5e-324, 1e21, 1 << 53, math.MaxFloat32, math.Inf(1), math.Inf(-1)}
	if r.IntN(2) == 0 {
		return edges[r.IntN(len(edges))]
	}
	return r.NormFloat64()
}

// text is mostly what looks like something else.
func (r maker) text() string {
	edges := []string{
		"", " ", "a", "true", "yes", "Off", "null", "~", "1", "0777", "0x1F", "1e3", "1_000", "12:30", "-", "- a", "? a", ": a", "a: b", "a #b",
		"#", "&a", "*a", "!a", "!!str a", "|", ">", "%", "@", "`", "'", "\"", "\\", "$", "${HOME}", "[", "{", "]", "}", ",", "<<", "=", "---", "...",
		"a\n", "a\nb", "a\nb\n", "\na", "a\n\nb\n", " a\n b\n", "a \nb\n", "\t", "a\tb", "\r", "a\r\nb\r\n", "\x00", "\x7f", "\u0085", "\u2028", "\ufeff", "\ufffe", "ä€😀",
		"30s", ".5s", "1.5s", "2001:db8::/32", "tcp://127.0.0.1:80", "/run/x.sock", "-----BEGIN A-----\nYQ==\n-----END A-----\n", strings.Repeat("x ", 200), ".inf", ".NaN", "NaN", "2026-01-01",
	}
	if r.IntN(4) > 0 {
		return edges[r.IntN(len(edges))]
	}
	letters := make([]rune, r.IntN(6))
	for i := range letters {
		letters[i] = rune(r.IntN(0x2000))
		if letters[i] >= 0x80 && letters[i] < 0xa0 {
			letters[i] = 'x' // the edges have them
		}
	}
	return string(letters)
}

func (r maker) duration() *durationpb.Duration {
	d := &durationpb.Duration{Seconds: r.Int64N(1 << r.IntN(38)), Nanos: r.Int32N(1e9)}
	if r.IntN(2) == 0 {
		d.Nanos = 0
	}
	if r.IntN(4) == 0 {
		d.Seconds, d.Nanos = -d.GetSeconds(), -d.GetNanos()
	}
	return d
}

func (r maker) value(depth int) *structpb.Value {
	switch n := r.IntN(6); {
	case n == 0:
		return structpb.NewNullValue()
	case n == 1:
		return structpb.NewBoolValue(r.IntN(2) == 0)
	case n == 2:
		if f := r.float(); !math.IsInf(f, 0) {
			return structpb.NewNumberValue(f)
		}
	case n == 3 && depth > 0:
		l := &structpb.ListValue{}
		for range r.IntN(3) {
			l.Values = append(l.Values, r.value(depth-1))
		}
		return structpb.NewListValue(l)
	case n == 4 && depth > 0:
		s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for range r.IntN(3) {
			s.Fields[r.text()] = r.value(depth - 1)
		}
		return structpb.NewStructValue(s)
	}
	return structpb.NewStringValue(r.text())
}
