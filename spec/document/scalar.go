package document

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// show returns a scalar as errors show it, "" for what they must not.
func show(n *node, secret bool) string {
	switch {
	case secret || !n.isScalar() || n.kind == null:
		return ""
	case n.shown != "":
		return n.shown
	case n.kind == text:
		return quote(n.text)
	}
	return clip(n.text)
}

// mismatch notes a value of the wrong kind.
func (r *reader) mismatch(at *step, n *node, secret bool, want string) {
	shown := show(n, secret)
	err := fmt.Errorf("must be %s", want)
	if shown == "" {
		err = fmt.Errorf("must be %s, is %s", want, n.kind)
	}
	r.fail(at, n, shown, err)
}

// scalar returns the value of a field without inner fields.
func (r *reader) scalar(at *step, n *node, fd protoreflect.FieldDescriptor, secret bool) (protoreflect.Value, bool) {
	var v protoreflect.Value
	var err error
	want := wants[fd.Kind()]
	if fd.Kind() == protoreflect.StringKind && n.isScalar() {
		want = "text in quotes"
	}
	if !fits(n, fd.Kind()) {
		r.mismatch(at, n, secret, want)
		return v, false
	}
	switch fd.Kind() {
	case protoreflect.BoolKind:
		v = protoreflect.ValueOfBool(strings.EqualFold(n.text, "true"))
	case protoreflect.StringKind:
		v = protoreflect.ValueOfString(n.text)
	case protoreflect.BytesKind:
		var b []byte
		b, err = decodeBytes(n.text)
		v = protoreflect.ValueOfBytes(b)
	case protoreflect.EnumKind:
		v, err = enumValue(n, fd.Enum())
	default:
		v, err = numberValue(n.text, fd.Kind())
	}
	if err != nil {
		if errors.Is(err, errNotNumber) {
			r.mismatch(at, n, secret, want)
		} else {
			r.fail(at, n, show(n, secret), err)
		}
		return v, false
	}
	return v, true
}

// wants are the kinds of fields in words.
var wants = map[protoreflect.Kind]string{
	protoreflect.BoolKind:   "true or false, without quotes",
	protoreflect.StringKind: "text",
	protoreflect.BytesKind:  "text in base64",
	protoreflect.EnumKind:   "a name",
	protoreflect.Int32Kind:  "an integer", protoreflect.Sint32Kind: "an integer", protoreflect.Sfixed32Kind: "an integer",
	protoreflect.Int64Kind: "an integer", protoreflect.Sint64Kind: "an integer", protoreflect.Sfixed64Kind: "an integer",
	protoreflect.Uint32Kind: "an integer", protoreflect.Fixed32Kind: "an integer",
	protoreflect.Uint64Kind: "an integer", protoreflect.Fixed64Kind: "an integer",
	protoreflect.FloatKind: "a number", protoreflect.DoubleKind: "a number",
}

// fits reports whether a field of kind k may be written as n. Numbers may stand
// in quotes, as protobuf's JSON has those of 64 bits; text may be a number of YAML
// without quotes, which stays as it is written (1.10, not 1.1), and whatever a
// variable brings.
func fits(n *node, k protoreflect.Kind) bool {
	switch k {
	case protoreflect.BoolKind:
		return n.kind == boolean
	case protoreflect.StringKind:
		return n.kind == text || n.plain && n.kind == number || n.plain && n.filled
	case protoreflect.BytesKind:
		return n.kind == text || n.plain && (n.kind == number || n.kind == boolean)
	}
	return n.kind == text || n.kind == number
}

func decodeBytes(s string) ([]byte, error) {
	encoding := base64.StdEncoding
	if strings.ContainsAny(s, "-_") {
		encoding = base64.URLEncoding
	}
	s = strings.NewReplacer("\n", "", "\r", "").Replace(s)
	if len(s)%4 != 0 {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	b, err := encoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("is no base64")
	}
	return b, nil
}

// errNotNumber is text where a number is due.
var errNotNumber = errors.New("must be a number")

func numberValue(s string, k protoreflect.Kind) (v protoreflect.Value, err error) {
	float := k == protoreflect.FloatKind || k == protoreflect.DoubleKind
	if !isNumber(s) && (!float || s != "NaN" && s != "Infinity" && s != "-Infinity") {
		return v, errNotNumber
	}
	switch k {
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		i, err := signed(s, 32)
		return protoreflect.ValueOfInt32(int32(i)), err //nolint:gosec // checked
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		i, err := signed(s, 64)
		return protoreflect.ValueOfInt64(i), err
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		u, err := unsigned(s, 32)
		return protoreflect.ValueOfUint32(uint32(u)), err //nolint:gosec // checked
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		u, err := unsigned(s, 64)
		return protoreflect.ValueOfUint64(u), err
	}
	return floatValue(s, k)
}

func isNumber(s string) bool { return s != "" && resolve(s) == number }

func floatValue(s string, k protoreflect.Kind) (protoreflect.Value, error) {
	bits := map[protoreflect.Kind]int{protoreflect.FloatKind: 32, protoreflect.DoubleKind: 64}[k]
	f, err := fraction(s, bits)
	if bits == 32 {
		return protoreflect.ValueOfFloat32(float32(f)), err
	}
	return protoreflect.ValueOfFloat64(f), err
}

// fraction is float for a field, whose integers must not be ambiguous.
func fraction(s string, bits int) (float64, error) {
	if _, _, err := whole(s); errors.Is(err, errOctal) {
		return 0, err
	}
	f, err := float(s, bits)
	if err == nil && bits == 32 && !math.IsInf(f, 0) && math.Abs(f) > math.MaxFloat32 {
		err = errRange
	}
	return f, err
}

// enumValue reads the name of an enum's value, or, as protobuf's JSON does, a number.
func enumValue(n *node, d protoreflect.EnumDescriptor) (protoreflect.Value, error) {
	if n.kind == number {
		i, err := signed(n.text, 32)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(i)), err //nolint:gosec // checked
	}
	values := d.Values()
	if v := values.ByName(protoreflect.Name(n.text)); v != nil {
		return protoreflect.ValueOfEnum(v.Number()), nil
	}
	var names []string
	for i := range values.Len() {
		if name := string(values.Get(i).Name()); !strings.HasSuffix(name, "_UNSPECIFIED") {
			names = append(names, name)
		}
	}
	if len(names) <= fewNames {
		return protoreflect.Value{}, fmt.Errorf("allowed are %s", list(names, "and"))
	}
	if near := nearest(n.text, names); near != "" {
		return protoreflect.Value{}, fmt.Errorf("unknown, did you mean %s?", near)
	}
	return protoreflect.Value{}, fmt.Errorf("unknown, allowed are the %d names of %s, such as %s", len(names), d.Name(), names[len(names)-1])
}

// keyValue reads the key of a map, which is text in JSON whatever it stands for.
func keyValue(s string, fd protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(s), nil
	case protoreflect.BoolKind:
		if s == "true" || s == "false" {
			return protoreflect.ValueOfBool(s == "true"), nil
		}
		return protoreflect.Value{}, errors.New("must be true or false")
	}
	return numberValue(s, fd.Kind())
}
