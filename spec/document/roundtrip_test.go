package document_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// requireEqual compares messages, and shows them when they differ.
func requireEqual(t testing.TB, want, got proto.Message, doc []byte) {
	t.Helper()
	if !proto.Equal(want, got) {
		require.Failf(t, "not equal", "want %s\ngot  %s\nfrom:\n%s", prototext.Format(want), prototext.Format(got), doc)
	}
}

// Every message of the schema, filled by chance, is the same after each format,
// and protobuf's own JSON and the JSON made here are read by both alike.
func TestRoundTrip(t *testing.T) {
	r := maker{rand.New(rand.NewPCG(1, 2))}
	for _, mt := range messages(t) {
		for i := range 2 {
			m := mt.New()
			r.message(m, 2)
			roundTrip(t, m)
			if i == 0 {
				readTheirs(t, m)
			}
		}
	}
}

// roundTrip writes m and reads it back.
func roundTrip(t *testing.T, m protoreflect.Message) {
	t.Helper()
	mt := m.Type()
	want := m.Interface()
	for _, f := range []document.Format{document.YAML, document.JSON, document.Text, document.Binary} {
		doc, err := document.Marshal(want, f)
		require.NoError(t, err, prototext.Format(want))
		got := mt.New().Interface()
		_, err = document.Unmarshal("", doc, got, &document.Options{Format: f})
		require.NoError(t, err, "%v\n%s", f, doc)
		requireEqual(t, want, got, doc)
		if f == document.JSON {
			theirs := mt.New().Interface()
			require.NoError(t, protojson.Unmarshal(doc, theirs), "%s", doc)
			requireEqual(t, want, theirs, doc)
		}
	}
}

// readTheirs reads m as protobuf's own JSON has it, in each of its ways.
func readTheirs(t *testing.T, m protoreflect.Message) {
	t.Helper()
	mt := m.Type()
	want := m.Interface()
	for _, o := range []protojson.MarshalOptions{{}, {UseProtoNames: true, UseEnumNumbers: true, Multiline: true}, {EmitUnpopulated: true}} {
		doc, err := o.Marshal(want)
		require.NoError(t, err)
		theirs := mt.New().Interface() // a Value that is unset is null there, and null is a value
		require.NoError(t, protojson.Unmarshal(doc, theirs))
		for _, f := range []document.Format{document.YAML, document.JSON} {
			if f == document.YAML && bytes.ContainsAny(doc, "\x7f\u0080\u0085\u009f\u2028\u2029\ufeff\ufffe") {
				continue // JSON is YAML, but for these; TestBroken has them
			}
			got := mt.New().Interface()
			_, err = document.Unmarshal("", doc, got, &document.Options{Format: f})
			require.NoError(t, err, "%v\n%s", f, doc)
			requireEqual(t, theirs, got, doc)
		}
	}
}

// What protobuf's JSON takes for a number, a duration or bytes is taken here.
func TestLikeProtoJSON(t *testing.T) {
	seen := map[string]bool{}
	for _, mt := range messages(t) {
		likeProtoJSON(t, mt, seen)
	}
}

// likeProtoJSON tries the fields of a message whose types were not seen before.
func likeProtoJSON(t *testing.T, mt protoreflect.MessageType, seen map[string]bool) {
	t.Helper()
	numbers := []string{
		`0`, `-0`, `1`, `1.0`, `1e2`, `1E+2`, `100e-2`, `1.5e1`, `1.5`, `1e-1`, `"1"`, `"1e2"`, `"1.0"`, `2147483647`, `2147483648`, `-2147483648`, `-2147483649`,
		`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `1e18`, `1e19`, `1e400`, `1e-400`, `"NaN"`, `"Infinity"`, `"-Infinity"`, `"inf"`, `null`, `true`, `""`, `" 1"`,
		`"30s"`, `"1.5s"`, `"-1.5s"`, `"+1s"`, `".5s"`, `"1.s"`, `"0s"`, `"00s"`, `"01s"`, `"1m"`, `"315576000000s"`, `"315576000001s"`, `"-315576000000.999999999s"`, `"1.0000000001s"`, `"s"`, `"-s"`,
		`{}`, `[]`, `[1]`, `[null]`, `{"a":1}`, `{"a":null}`, `"wait"`, `"loopback"`, `2`, `77`,
	}
	fields := mt.Descriptor().Fields()
	for i := range fields.Len() {
		s := signature(fields.Get(i))
		if seen[s] {
			continue
		}
		seen[s] = true
		for j, n := range numbers {
			name := []string{string(fields.Get(i).Name()), fields.Get(i).JSONName()}[j%2]
			doc := `{"` + name + `": ` + n + `}`
			want, got := mt.New().Interface(), mt.New().Interface()
			if protojson.Unmarshal([]byte(doc), want) != nil {
				continue
			}
			_, err := document.Unmarshal("", []byte(doc), got, &document.Options{Format: document.JSON})
			if !assert.NoError(t, err, doc) || exact(fields.Get(i), n) {
				continue
			}
			requireEqual(t, want, got, []byte(doc))
		}
	}
}

// signature says what a value of the field is: the fields that have the same are
// read by the same code.
func signature(fd protoreflect.FieldDescriptor) string {
	if fd.IsMap() {
		return "map " + signature(fd.MapKey()) + ", " + signature(fd.MapValue())
	}
	s := fmt.Sprint(fd.Cardinality(), fd.Kind(), fd.HasPresence(), fd.ContainingOneof() != nil)
	switch {
	case fd.Enum() != nil:
		s += string(fd.Enum().FullName())
	case fd.Message() != nil:
		s += string(fd.Message().FullName())
	}
	return s
}

// exact reports whether the value is one that protobuf's JSON rounds and this
// package does not.
func exact(fd protoreflect.FieldDescriptor, n string) bool {
	return fd.Message() != nil && fd.Message().FullName() == "google.protobuf.Value" && strings.HasPrefix(strings.TrimPrefix(n, "-"), "92233720368547758")
}

func TestExactIntegers(t *testing.T) {
	for _, f := range []document.Format{document.YAML, document.JSON} {
		for in, want := range map[string]any{
			"9007199254740993": "9007199254740993", "9007199254740992": 9007199254740992.0, "-9007199254740993": "-9007199254740993",
			"18446744073709551615": "18446744073709551615", "18446744073709551616": 18446744073709551616.0, "18446744073709551617": "18446744073709551617",
			"1152921504606846976": float64(1 << 60), "1152921504606847000": "1152921504606847000",
			"1e3": 1000.0, "1.5": 1.5, "0.1": 0.1, "-0": 0.0,
		} {
			var m specv1.DialConfig
			_, err := document.Unmarshal("", []byte(`{"options": {"X": `+in+`}}`), &m, &document.Options{Format: f})
			require.NoError(t, err, in)
			assert.Equal(t, want, m.GetOptions()["X"].AsInterface(), in)
		}
	}
}

// The schema uses no message of protobuf's own that has a form of its own and is
// not known here.
func TestWellKnown(t *testing.T) {
	known := map[protoreflect.FullName]bool{
		"google.protobuf.Duration": true, "google.protobuf.Value": true, "google.protobuf.Struct": true, "google.protobuf.ListValue": true,
	}
	for _, mt := range messages(t) {
		fields := mt.Descriptor().Fields()
		for i := range fields.Len() {
			fd := fields.Get(i)
			if fd.IsMap() {
				fd = fd.MapValue()
			}
			if m := fd.Message(); m != nil && m.ParentFile().Package() != "strata.v1" {
				assert.True(t, known[m.FullName()], "%s", fd.FullName())
			}
			if e := fd.Enum(); e != nil {
				assert.EqualValues(t, "strata.v1", e.ParentFile().Package(), "%s", fd.FullName())
			}
		}
	}
}
