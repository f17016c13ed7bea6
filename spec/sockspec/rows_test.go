package sockspec_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// A fieldOf is a field of the typed messages with its option.
type fieldOf struct {
	level, field protoreflect.FieldDescriptor
	info         sockopt.Info
}

// fields returns a field for each option that the schema has one for, by kernel name.
func fields(t *testing.T) map[string]fieldOf {
	t.Helper()
	all := map[string]fieldOf{}
	levels := (&specv1.SockOption{}).ProtoReflect().Descriptor().Fields()
	for i := range levels.Len() {
		list := levels.Get(i).Message().Fields()
		for k := range list.Len() {
			name := strings.ToUpper(string(levels.Get(i).Name()) + "_" + string(list.Get(k).Name()))
			if name == "SO_LINGER_OFF" {
				continue // the second field of SO_LINGER
			}
			info, ok := sockopt.Lookup(name)
			require.True(t, ok, "the table lacks %s: run sockoptgen", name)
			all[name] = fieldOf{levels.Get(i), list.Get(k), info}
		}
	}
	return all
}

// set returns a message with this field alone.
func (f fieldOf) set(v protoreflect.Value) *specv1.SockOption {
	m := &specv1.SockOption{}
	m.ProtoReflect().Mutable(f.level).Message().Set(f.field, v)
	return m
}

// TestFieldsAreTheTable fails when this platform's table has an option without a field
// of its type, or the schema a field for what cannot be set.
func TestFieldsAreTheTable(t *testing.T) {
	all := fields(t)
	for info := range sockopt.All() {
		f, ok := all[info.Name]
		if info.ReadOnly || info.BlockingOnly || info.Ignored != "" {
			continue // another platform may set it
		}
		if !assert.True(t, ok, "%s has no field: run sockoptgen", info.Name) {
			continue
		}
		want := map[sockopt.Kind][]protoreflect.Kind{
			sockopt.KindBool:      {protoreflect.BoolKind},
			sockopt.KindInt:       {protoreflect.Int32Kind, protoreflect.Int64Kind},
			sockopt.KindUint32:    {protoreflect.Uint32Kind},
			sockopt.KindUint64:    {protoreflect.Uint64Kind},
			sockopt.KindDuration:  {protoreflect.MessageKind},
			sockopt.KindLinger:    {protoreflect.MessageKind},
			sockopt.KindString:    {protoreflect.StringKind},
			sockopt.KindPortRange: {protoreflect.StringKind},
		}
		assert.Contains(t, want[info.Kind], f.field.Kind(), info.Name)
		assert.True(t, f.field.HasPresence(), info.Name)
	}
	assert.Greater(t, len(all), 100)
}

// A sample is one value in the forms of the schema.
type sample struct {
	text  string
	typed protoreflect.Value
	plain *structpb.Value // nil: a string only
}

func whole(n int64) *structpb.Value {
	if n > 1<<53 || n < -1<<53 {
		return nil
	}
	return structpb.NewNumberValue(float64(n))
}

func duration(text string) sample {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return sample{text, protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), nil}
}

// samples returns values of a row: the ends of its ranges, or what any row of the kind
// takes where the platform lacks it.
func (f fieldOf) samples() []sample {
	var list []sample
	switch f.info.Kind {
	case sockopt.KindBool:
		for _, b := range []bool{true, false} {
			list = append(list, sample{strconv.FormatBool(b), protoreflect.ValueOfBool(b), structpb.NewBoolValue(b)})
		}
	case sockopt.KindInt:
		for _, n := range f.ends() {
			v := protoreflect.ValueOfInt64(n)
			if f.field.Kind() == protoreflect.Int32Kind {
				v = protoreflect.ValueOfInt32(int32(n))
			}
			list = append(list, sample{strconv.FormatInt(n, 10), v, whole(n)})
		}
	case sockopt.KindUint32:
		for _, n := range []uint32{0, 1 << 31, math.MaxUint32} {
			list = append(list, sample{strconv.FormatUint(uint64(n), 10), protoreflect.ValueOfUint32(n), whole(int64(n))})
		}
	case sockopt.KindUint64:
		list = append(list, sample{"4294967295", protoreflect.ValueOfUint64(math.MaxUint32), whole(math.MaxUint32)})
		if f.info.Range == nil {
			list = append(list, sample{"18446744073709551615", protoreflect.ValueOfUint64(math.MaxUint64), nil})
		}
	case sockopt.KindDuration:
		for _, n := range f.ends() {
			list = append(list, duration(strconv.FormatInt(n, 10)+f.info.Unit))
		}
	case sockopt.KindLinger:
		list = append(list, duration("0s"), duration("5s"))
	case sockopt.KindString:
		list = append(list, sample{"reno", protoreflect.ValueOfString("reno"), nil})
	case sockopt.KindPortRange:
		list = append(list, sample{"40000-50000", protoreflect.ValueOfString("40000-50000"), nil})
	}
	return list
}

// ends are the first and last values of each range.
func (f fieldOf) ends() []int64 {
	var ends []int64
	for _, s := range f.info.Range {
		ends = append(ends, s.Min, s.Max)
	}
	if ends == nil {
		ends = []int64{0, 1}
	}
	return ends
}

// TestEveryRow gives each option in each way, and compares with what its text form is.
func TestEveryRow(t *testing.T) {
	for name, f := range fields(t) {
		if f.info.Kind == sockopt.KindDuration && f.info.Unit == "" {
			f.info.Unit = "s" // not known on this platform
		}
		samples := f.samples()
		require.NotEmpty(t, samples, name)
		for _, s := range samples {
			if f.info.ReadOnly || f.info.Ignored != "" || f.info.BlockingOnly {
				continue
			}
			want, err := sockopt.Parse(name + "=" + s.text)
			require.NoError(t, err)
			values := map[string]*structpb.Value{name: structpb.NewStringValue(s.text)}
			typed := f.set(s.typed)
			path := "socket." + string(f.level.Name()) + "." + string(f.field.Name())
			assert.Equal(t, path, sockspec.Field(name, typed, nil, nil))
			if f.info.Supported {
				requireOptions(t, sockopt.Options{want}, typed, nil, nil)
				requireOptions(t, sockopt.Options{want}, nil, values, nil)
			} else {
				requireLacks(t, path, typed, nil)
				requireLacks(t, "options."+name, nil, values)
			}
			requireOptions(t, sockopt.Options{sockopt.Prefer(want)}, nil, nil, values)
			if s.plain != nil {
				requireOptions(t, sockopt.Options{sockopt.Prefer(want)}, nil, nil, map[string]*structpb.Value{name: s.plain})
			}
		}
	}
}

func requireOptions(t *testing.T, want sockopt.Options, socket *specv1.SockOption, options, prefer map[string]*structpb.Value) {
	t.Helper()
	got, err := sockspec.Options(socket, options, prefer)
	require.NoError(t, err)
	require.Equal(t, want.String(), got.String())
	require.Equal(t, want, got)
}

// requireLacks wants an error that names the field of an option that this platform lacks.
func requireLacks(t *testing.T, path string, socket *specv1.SockOption, options map[string]*structpb.Value) {
	t.Helper()
	got, err := sockspec.Options(socket, options, nil)
	require.Nil(t, got)
	require.ErrorIs(t, err, errors.ErrUnsupported, path)
	errs := spec.Errors(err)
	require.Len(t, errs, 1)
	assert.Equal(t, path, errs[0].Path)
	var own *sockopt.Error
	require.ErrorAs(t, err, &own)
	assert.NotEmpty(t, own.Option)
}

// TestLingerOff has a field of its own, which can say one thing.
func TestLingerOff(t *testing.T) {
	off, no := true, false
	requireOptions(t, sockopt.Options{sockopt.Linger.Value(sockopt.LingerOff)},
		&specv1.SockOption{So: &specv1.SockSOOption{LingerOff: &off}}, nil, nil)
	requireOptions(t, sockopt.Options{sockopt.Linger.Value(sockopt.LingerOff)},
		nil, map[string]*structpb.Value{"SO_LINGER": structpb.NewStringValue("off")}, nil)
	_, err := sockspec.Options(&specv1.SockOption{So: &specv1.SockSOOption{LingerOff: &no}}, nil, nil)
	require.EqualError(t, err, `socket.so.linger_off: false: true switches the option off, false says nothing: leave it out`)
	_, err = sockspec.Options(&specv1.SockOption{So: &specv1.SockSOOption{LingerOff: &off, Linger: durationpb.New(0)}}, nil, nil)
	require.EqualError(t, err, `socket.so.linger_off: true: the same option as socket.so.linger, which has it already`)
}

// TestReadOnly says of an option that cannot be set that it is so.
func TestReadOnly(t *testing.T) {
	n := 0
	for info := range sockopt.All() {
		if !info.ReadOnly {
			continue
		}
		n++
		text := map[sockopt.Kind]string{sockopt.KindBool: "true", sockopt.KindDuration: "1s", sockopt.KindString: "x"}[info.Kind]
		if text == "" {
			text = "1"
		}
		values := map[string]*structpb.Value{info.Name: structpb.NewStringValue(text)}
		for _, way := range []string{"options", "prefer"} {
			var err error
			if way == "options" {
				_, err = sockspec.Options(nil, values, nil)
			} else {
				_, err = sockspec.Options(nil, nil, values)
			}
			assert.EqualError(t, err, way+"."+info.Name+`: "`+text+`": `+errInvalid+`: read only`)
		}
	}
	assert.Equal(t, hasTable(), n > 0)
}

// hasTable reports whether this platform has options at all.
func hasTable() bool {
	for range sockopt.All() {
		return true
	}
	return false
}
