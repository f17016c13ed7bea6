package sockopt

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a row writes for the kernel it reads as the same value.
func TestEveryRowDecodesWhatItEncodes(t *testing.T) {
	for i := range rows {
		r := &rows[i]
		if !r.Supported || r.WriteOnly {
			continue // nothing comes back
		}
		for _, v := range samplesOfKind(r) {
			var buf [64]byte
			n := r.encode(buf[:], v)
			assert.LessOrEqual(t, n, r.size(), r.Name)
			assert.Equal(t, v, r.decode(buf[:n]), "%s=%s", r.Name, r.Kind.format(v))
		}
	}
}

// native is an int as the kernel has it.
func native(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

func TestEncode(t *testing.T) {
	tests := []struct {
		name  string
		row   row
		value value
		want  []byte
	}{
		{"true", row{Info: Info{Kind: KindBool}}, value{n: 1}, native(1)},
		{"negative", row{Info: Info{Kind: KindInt}}, value{n: -1}, native(math.MaxUint32)},
		{"upper half", row{Info: Info{Kind: KindUint32}}, value{n: 1 << 31}, native(1 << 31)},
		{"64 bits", row{Info: Info{Kind: KindUint64}, wire: wireUint64}, value{n: -2}, binary.NativeEndian.AppendUint64(nil, math.MaxUint64-1)},
		{"seconds", row{Info: Info{Kind: KindDuration, Unit: "s"}}, value{n: int64(90 * time.Second)}, native(90)},
		{"minus one second", row{Info: Info{Kind: KindDuration, Unit: "s"}}, value{n: int64(-time.Second)}, native(math.MaxUint32)},
		{"milliseconds", row{Info: Info{Kind: KindDuration, Unit: "ms"}}, value{n: int64(90 * time.Second)}, native(90_000)},
		{"microseconds", row{Info: Info{Kind: KindDuration, Unit: "µs"}}, value{n: int64(time.Second)}, native(1_000_000)},
		{
			"time of 64 bits", row{Info: Info{Kind: KindDuration, Unit: "µs"}, wire: wireTimeval64}, value{n: int64(1500 * time.Millisecond)},
			binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(nil, 1), 500_000),
		},
		{"text", row{Info: Info{Kind: KindString}, wire: wireString}, value{s: "bbr"}, []byte("bbr")},
		{"empty text", row{Info: Info{Kind: KindString}, wire: wireString}, value{}, []byte{}},
		{"ports", row{Info: Info{Kind: KindPortRange}}, portRangeValue(PortRange{40000, 50000}), native(50000<<16 | 40000)},
		{"index in network order", row{Info: Info{Kind: KindInt}, wire: wireNetIndex}, value{n: 258}, []byte{0, 0, 1, 2}},
		{"struct ip_mreqn", row{Info: Info{Kind: KindInt}, wire: wireMreqn}, value{n: 3}, append(make([]byte, 8), native(3)...)},
		{"raw", rawRow, rawValue(1, 2, "\x01\x02\x03"), []byte{1, 2, 3}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			buf := []byte("what was in the buffer before")
			assert.Equal(t, test.want, buf[:test.row.encode(buf, test.value)])
		})
	}
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name string
		row  row
		got  []byte
		want value
	}{
		{"one byte", row{Info: Info{Kind: KindBool}}, []byte{1}, value{n: 1}},
		{"one byte, false", row{Info: Info{Kind: KindBool}}, []byte{0}, value{}},
		{"any bit is true", row{Info: Info{Kind: KindBool}}, native(4), value{n: 1}},
		{"two bytes", row{Info: Info{Kind: KindInt}}, []byte{1, 2}, value{n: 513}},
		{"nothing", row{Info: Info{Kind: KindInt}}, nil, value{}},
		{"negative", row{Info: Info{Kind: KindInt}}, native(math.MaxUint32), value{n: -1}},
		{"not negative", row{Info: Info{Kind: KindUint32}}, native(math.MaxUint32), value{n: math.MaxUint32}},
		{"older kernel's 32 bits", row{Info: Info{Kind: KindUint64}, wire: wireUint64}, native(math.MaxUint32), value{n: math.MaxUint32}},
		{"32 bits of 64", row{Info: Info{Kind: KindUint64}}, native(math.MaxUint32), value{n: math.MaxUint32}},
		{"text ends at NUL", row{Info: Info{Kind: KindString}, wire: wireString}, []byte("lo\x00rubbish"), value{s: "lo"}},
		{"text without NUL", row{Info: Info{Kind: KindString}, wire: wireString}, []byte("lo"), value{s: "lo"}},
		{"no text", row{Info: Info{Kind: KindString}, wire: wireString}, nil, value{}},
		{"index in network order", row{Info: Info{Kind: KindInt}, wire: wireNetIndex}, []byte{0, 0, 1, 2}, value{n: 258}},
		{"raw", rawRow, []byte{0, 1}, value{s: "\x00\x01"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, test.row.decode(test.got))
		})
	}
}

func TestFromTwin(t *testing.T) {
	hops := row{Info: Info{Kind: KindInt, Range: []Span{{1, 255}}}}
	assert.Equal(t, value{n: 9}, hops.fromTwin(value{n: 9}))
	assert.Equal(t, value{}, hops.fromTwin(value{n: -1}), "the default has another number here")
	withDefault := row{Info: Info{Kind: KindInt, Range: []Span{{-1, 255}}}}
	assert.Equal(t, value{n: -1}, withDefault.fromTwin(value{n: -1}))
}

// The errno stays in the chain, and the text names what is missing.
func TestExplain(t *testing.T) {
	privileged := row{Info: Info{Kind: KindInt, Capability: "CAP_NET_ADMIN", Condition: "above 6"}}
	text := row{Info: Info{Kind: KindString, Since: "4.13", Networks: TCP4}, wire: wireString}
	tests := []struct {
		name                    string
		row                     row
		err                     error
		unsupported, permission bool
		says                    string
	}{
		{"permission", privileged, syscall.EPERM, false, true, "needs CAP_NET_ADMIN above 6"},
		{"access", privileged, syscall.EACCES, false, true, "needs CAP_NET_ADMIN above 6"},
		{"permission without a capability", row{}, syscall.EPERM, false, true, ""},
		{"bad value", privileged, syscall.EINVAL, false, false, ""},
		{"unknown name of a module", text, syscall.ENOENT, true, false, "4.13"},
		{"not a name", privileged, syscall.ENOENT, false, false, ""},
		{"not supported", text, errors.ErrUnsupported, true, false, "needs"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.row.explain(test.err)
			require.ErrorIs(t, err, test.err)
			assert.Equal(t, test.unsupported, errors.Is(err, errors.ErrUnsupported))
			assert.Equal(t, test.permission, errors.Is(err, fs.ErrPermission))
			assert.ErrorContains(t, err, test.err.Error())
			assert.ErrorContains(t, err, test.says)
		})
	}
	assert.NoError(t, privileged.explain(nil))
}
