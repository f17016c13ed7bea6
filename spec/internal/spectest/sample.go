package spectest

import (
	"fmt"
	"reflect"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// sample is a value that a field is set to.
type sample struct {
	text  string
	value protoreflect.Value
}

// samples returns values to try. every says that each must make a difference,
// also among themselves; otherwise one is enough, as false or true may be the
// default.
func (c *Case) samples(f field) (list []*sample, every bool, err error) {
	m := dynamic(f.last().ContainingMessage(), c.New().ProtoReflect(), f)
	given, ok := c.Samples[f.path]
	all := []any{given}
	if !ok {
		all = generic(f.last())
	}
	for _, given := range all {
		value, err := convert(m, f.last(), given)
		if err != nil {
			return nil, false, fmt.Errorf("sample: %w", err)
		}
		list = append(list, &sample{text: fmt.Sprint(given), value: value})
	}
	return list, scalar(f.last()).Kind() != protoreflect.BoolKind, nil
}

// dynamic returns an empty message of the type that has the field.
func dynamic(want protoreflect.MessageDescriptor, m protoreflect.Message, f field) protoreflect.Message {
	for _, d := range f.chain {
		if m.Descriptor().FullName() == want.FullName() {
			break
		}
		m = element(m, d)
	}
	return m.Type().New()
}

// element returns an empty message of the type that is in the field.
func element(m protoreflect.Message, d protoreflect.FieldDescriptor) protoreflect.Message {
	switch empty := m.Type().New(); {
	case d.IsList():
		return empty.NewField(d).List().NewElement().Message()
	case d.IsMap():
		return empty.NewField(d).Map().NewValue().Message()
	default:
		return empty.NewField(d).Message()
	}
}

// scalar returns the descriptor of the values in a field.
func scalar(d protoreflect.FieldDescriptor) protoreflect.FieldDescriptor {
	if d.IsMap() {
		return d.MapValue()
	}
	return d
}

// generic returns what fields of the kind are set to if there is no sample.
func generic(d protoreflect.FieldDescriptor) []any {
	switch d := scalar(d); d.Kind() {
	case protoreflect.BoolKind:
		return []any{true, false}
	case protoreflect.EnumKind:
		var all []any
		for i := range d.Enum().Values().Len() {
			if v := d.Enum().Values().Get(i); v.Number() != 0 {
				all = append(all, string(v.Name()))
			}
		}
		return all
	case protoreflect.StringKind:
		return []any{"sample"}
	case protoreflect.BytesKind:
		return []any{[]byte("sample")}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return []any{2.5}
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return []any{wellKnown(d.Message())}
	default:
		return []any{3}
	}
}

func wellKnown(d protoreflect.MessageDescriptor) any {
	switch d.FullName() {
	case "google.protobuf.Duration":
		return 7 * time.Second
	case "google.protobuf.Value":
		return "sample"
	}
	return nil // an empty message
}

// convert turns a value of Go into that of the field of m.
func convert(m protoreflect.Message, d protoreflect.FieldDescriptor, given any) (protoreflect.Value, error) {
	empty := m.Type().New()
	v := reflect.ValueOf(given)
	switch {
	case d.IsList():
		list := empty.NewField(d).List()
		many := v.IsValid() && v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[[]byte]()
		for i := range count(v, many) {
			if many {
				given = v.Index(i).Interface()
			}
			value, err := single(d, given, list.NewElement)
			if err != nil {
				return protoreflect.Value{}, err
			}
			list.Append(value)
		}
		return protoreflect.ValueOfList(list), nil
	case d.IsMap():
		entries := empty.NewField(d).Map()
		if !v.IsValid() || v.Kind() != reflect.Map {
			v = reflect.ValueOf(map[string]any{"sample": given})
		}
		for _, k := range v.MapKeys() {
			key, err := single(d.MapKey(), k.Interface(), nil)
			if err != nil {
				return protoreflect.Value{}, err
			}
			value, err := single(d.MapValue(), v.MapIndex(k).Interface(), entries.NewValue)
			if err != nil {
				return protoreflect.Value{}, err
			}
			entries.Set(key.MapKey(), value)
		}
		return protoreflect.ValueOfMap(entries), nil
	}
	return single(d, given, func() protoreflect.Value { return empty.NewField(d) })
}

func count(v reflect.Value, many bool) int {
	if many {
		return v.Len()
	}
	return 1
}

// single converts what is no list and no map.
func single(d protoreflect.FieldDescriptor, given any, empty func() protoreflect.Value) (protoreflect.Value, error) {
	if d.Message() != nil {
		return whole(d.Message(), given, empty)
	}
	v := reflect.ValueOf(given)
	switch to := goType(d.Kind()); {
	case d.Kind() == protoreflect.EnumKind:
		name, ok := given.(string)
		value := d.Enum().Values().ByName(protoreflect.Name(name))
		if !ok || value == nil {
			return protoreflect.Value{}, fmt.Errorf("%v is not a value of %s", given, d.Enum().FullName())
		}
		return protoreflect.ValueOfEnum(value.Number()), nil
	case given == nil || !v.CanConvert(to) || (v.Kind() == reflect.String) != (to.Kind() == reflect.String):
		return protoreflect.Value{}, fmt.Errorf("%T is not a value of kind %s", given, d.Kind())
	default:
		return protoreflect.ValueOf(v.Convert(to).Interface()), nil
	}
}

func goType(k protoreflect.Kind) reflect.Type {
	switch k {
	case protoreflect.BoolKind:
		return reflect.TypeFor[bool]()
	case protoreflect.StringKind:
		return reflect.TypeFor[string]()
	case protoreflect.BytesKind:
		return reflect.TypeFor[[]byte]()
	case protoreflect.FloatKind:
		return reflect.TypeFor[float32]()
	case protoreflect.DoubleKind:
		return reflect.TypeFor[float64]()
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return reflect.TypeFor[int32]()
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return reflect.TypeFor[uint32]()
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return reflect.TypeFor[uint64]()
	default:
		return reflect.TypeFor[int64]()
	}
}

// whole converts a message; nil is an empty one.
func whole(d protoreflect.MessageDescriptor, given any, empty func() protoreflect.Value) (protoreflect.Value, error) {
	to := empty()
	var from proto.Message
	var err error
	switch v := given.(type) {
	case nil:
		return to, nil
	case proto.Message:
		from = v
	case time.Duration:
		from = durationpb.New(v)
	default:
		from, err = structpb.NewValue(given)
	}
	if err == nil && from.ProtoReflect().Descriptor().FullName() != d.FullName() {
		err = fmt.Errorf("%T is not a %s", given, d.FullName())
	}
	if err != nil {
		return to, err
	}
	proto.Merge(to.Message().Interface(), from)
	return to, nil
}
