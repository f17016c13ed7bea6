package document_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/spec/document"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// kinds is a message with a field of every kind, also those that the schema does
// not use yet: one, a list and, where it can be, a map keyed by it.
func kinds(t testing.TB) protoreflect.MessageType {
	t.Helper()
	file := &descriptorpb.FileDescriptorProto{
		Name: new("kinds.proto"), Package: new("kinds"), Syntax: new("proto3"),
		Dependency:  []string{"google/protobuf/duration.proto", "google/protobuf/struct.proto"},
		MessageType: []*descriptorpb.DescriptorProto{{Name: new("Kinds")}},
	}
	m := file.GetMessageType()[0]
	add := func(name string, k descriptorpb.FieldDescriptorProto_Type, label descriptorpb.FieldDescriptorProto_Label, typ string) {
		f := &descriptorpb.FieldDescriptorProto{Name: new(name), Number: new(int32(len(m.GetField()) + 1)), Type: &k, Label: &label}
		if typ != "" {
			f.TypeName = new(typ)
		}
		m.Field = append(m.Field, f)
	}
	const one, many = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	for n := range int32(len(descriptorpb.FieldDescriptorProto_Type_name)) {
		k := descriptorpb.FieldDescriptorProto_Type(n + 1)
		name := strings.ToLower(strings.TrimPrefix(k.String(), "TYPE_"))
		switch k {
		case descriptorpb.FieldDescriptorProto_TYPE_GROUP, descriptorpb.FieldDescriptorProto_TYPE_ENUM, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE:
			continue
		}
		add("a_"+name, k, one, "")
		add("list_"+name, k, many, "")
		switch k {
		case descriptorpb.FieldDescriptorProto_TYPE_FLOAT, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE, descriptorpb.FieldDescriptorProto_TYPE_BYTES:
			continue
		}
		inner := "Map" + strings.ToUpper(name[:1]) + name[1:] + "Entry"
		key, value, str, label := k, descriptorpb.FieldDescriptorProto_TYPE_STRING, "value", one
		m.NestedType = append(m.NestedType, &descriptorpb.DescriptorProto{
			Name: new(inner), Options: &descriptorpb.MessageOptions{MapEntry: new(true)},
			Field: []*descriptorpb.FieldDescriptorProto{
				{Name: new("key"), Number: new(int32(1)), Type: &key, Label: &label},
				{Name: new(str), Number: new(int32(2)), Type: &value, Label: &label},
			},
		})
		add("map_"+name, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, many, ".kinds.Kinds."+inner)
	}
	for _, name := range []string{"Duration", "Value", "Struct", "ListValue"} {
		add("a_"+strings.ToLower(name), descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, one, ".google.protobuf."+name)
		add("list_"+strings.ToLower(name), descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, many, ".google.protobuf."+name)
	}
	d, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	require.NoError(t, err)
	return dynamicpb.NewMessageType(d.Messages().Get(0))
}

func TestKindsRoundTrip(t *testing.T) {
	mt := kinds(t)
	r := maker{rand.New(rand.NewPCG(3, 4))}
	for range 30 {
		m := mt.New()
		r.message(m, 3)
		roundTrip(t, m)
		readTheirs(t, m)
	}
}

func TestKindsLikeProtoJSON(t *testing.T) { likeProtoJSON(t, kinds(t), map[string]bool{}) }

func TestBytes(t *testing.T) {
	mt := kinds(t)
	for in, want := range map[string]string{"YWI=": "ab", "YWI": "ab", "-_8=": "\xfb\xff", "+/8": "\xfb\xff", "\"\"": "", "1234": "\xd7\x6d\xf8", "true": "\xb6\xbb\x9e", "|\n  YW\n  I=\n": "ab"} {
		m := mt.New()
		_, err := document.Unmarshal("", []byte("a_bytes: "+in), m.Interface(), nil)
		require.NoError(t, err, in)
		assert.Equal(t, want, string(m.Get(mt.Descriptor().Fields().ByName("a_bytes")).Bytes()), in)
	}
	for in, want := range map[string]string{
		"a_bytes: \"?\"": `a_bytes: "?": is no base64`, "a_bytes: [1]": "a_bytes: must be text in base64, is a list", "a_uint32: -1": "a_uint32: -1: out of range: from 0 to 4294967295",
		"a_uint64: 18446744073709551616": "a_uint64: 18446744073709551616: out of range: from 0 to 18446744073709551615", "a_float: 1e39": "a_float: 1e39: out of range",
		"map_bool: {1: a}": "map_bool.1: as key: must be true or false", "map_int32: {a: b}": "map_int32.a: as key: must be a number", "map_int32: {1: a, 0x1: b}": "map_int32.0x1: given twice, first in line 1",
		"a_struct: [1]": "a_struct: must be an object, is a list", "a_listvalue: {a: 1}": "a_listvalue: must be a list, is an object", "a_struct: 5": "a_struct: 5: must be an object", "list_value: [null, ~]": "",
		"a_struct: {a: 010}": "a_struct.a: 010: ambiguous: write 0o and the digits for octal, or leave the leading zeros out",
	} {
		_, err := document.Unmarshal("", []byte(in), mt.New().Interface(), nil)
		if want == "" {
			require.NoError(t, err, in)
			continue
		}
		require.EqualError(t, err, want, in)
	}
	m := mt.New()
	_, err := document.Unmarshal("", []byte("a_double: .inf\na_float: -.Inf\nlist_double: [.nan, 0x10]"), m.Interface(), nil)
	require.NoError(t, err)
	assert.True(t, math.IsInf(m.Get(mt.Descriptor().Fields().ByName("a_double")).Float(), 1))
	assert.True(t, math.IsInf(m.Get(mt.Descriptor().Fields().ByName("a_float")).Float(), -1))
	roundTrip(t, m)
	readTheirs(t, m)
}

func TestMarshalErrors(t *testing.T) {
	strange := &specv1.DialConfig{Tls: &specv1.TLSConfig{}, Options: map[string]*structpb.Value{"A": structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{{}}}), "B": structpb.NewNumberValue(math.NaN())}}
	strange.GetTls().ProtoReflect().SetUnknown(protowire.AppendTag(nil, 9999, protowire.VarintType))
	strange.LocalAddr = new("a\xff")
	strange.Timeout = &durationpb.Duration{Seconds: math.MaxInt64}
	for _, f := range []document.Format{0, document.YAML, document.JSON, document.Text, document.Binary} {
		_, err := document.Marshal(strange, f)
		require.EqualError(t, err, "local_addr: is not UTF-8\noptions.A[0]: a google.protobuf.Value without a value\noptions.B: must be finite\ntimeout: beyond 315576000000s, 10,000 years\ntls: has fields that the schema does not know")
	}
	_, err := document.Marshal(nil, 0)
	require.EqualError(t, err, "document: no message to write")
	_, err = document.Marshal((*specv1.DialConfig)(nil), 0)
	require.EqualError(t, err, "document: no message to write")
	_, err = document.Marshal(&specv1.DialConfig{}, 9)
	require.EqualError(t, err, "document: no such format: Format(9)")
	assert.Equal(t, "binary", document.Binary.String())
}

func TestBinaryErrors(t *testing.T) {
	data, err := proto.Marshal(&specv1.DialConfig{Tls: &specv1.TLSConfig{Certificates: []*specv1.CertKeyPair{{}}}, Options: map[string]*structpb.Value{"A": {}}})
	require.NoError(t, err)
	for _, test := range []struct {
		data []byte
		want string
	}{
		{protowire.AppendVarint(protowire.AppendTag(data, 9999, protowire.VarintType), 1), "has fields that the schema does not know"},
		{[]byte{0xff}, "x.pb: cannot parse invalid wire-format data"},
		{[]byte{0x0a, 0x05, 'a'}, "cannot parse invalid wire-format data"},
		{[]byte{0x0a, 0x01, 0xff}, "invalid UTF-8"},
	} {
		_, err := document.Unmarshal("x.pb", test.data, &specv1.DialConfig{}, nil)
		require.ErrorContains(t, err, test.want)
		require.ErrorContains(t, err, "x.pb: ")
	}
	inner := protowire.AppendBytes(protowire.AppendTag(nil, 3, protowire.BytesType), protowire.AppendVarint(protowire.AppendTag(nil, 9999, protowire.VarintType), 1))
	_, err = document.Unmarshal("x.pb", inner, &specv1.DialConfig{}, nil)
	require.EqualError(t, err, "x.pb: tls: has fields that the schema does not know")
}
