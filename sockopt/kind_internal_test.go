package sockopt

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each value that a kind holds has a text form that is read as that value.
func TestKindRoundTrips(t *testing.T) {
	for kind, values := range map[Kind]map[string]value{
		KindBool:   {"true": {n: 1}, "false": {}},
		KindInt:    {"-2147483648": {n: math.MinInt32}, "0": {}, "2147483647": {n: math.MaxInt32}},
		KindUint32: {"0": {}, "4294967295": {n: math.MaxUint32}},
		KindUint64: {"0": {}, "18446744073709551615": {n: -1}, "9223372036854775808": {n: math.MinInt64}},
		KindDuration: {
			"0s": {}, "1ns": {n: 1}, "1.5s": {n: int64(1500 * time.Millisecond)}, "-1s": {n: int64(-time.Second)},
			"9h6m7s": {n: int64(32767 * time.Second)}, "2562047h47m16.854775807s": {n: math.MaxInt64},
		},
		KindLinger:    {"off": {n: -1}, "0s": {}, "5s": {n: int64(5 * time.Second)}},
		KindString:    {"": {}, "bbr": {s: "bbr"}},
		KindPortRange: {"0-0": {}, "1-65535": {n: 65535<<16 | 1}, "65535-0": {n: 65535}},
		KindBytes:     {"0x": {}, "0x00ff": {s: "\x00\xff"}},
	} {
		for text, v := range values {
			assert.Equal(t, text, kind.format(v), kind)
			back, ok := kind.parse(text)
			require.True(t, ok, "%s %q", kind, text)
			assert.Equal(t, v, back, "%s %q", kind, text)
		}
	}
}

// A value that no text stands for must not print as one that is allowed.
func TestNegativeLinger(t *testing.T) {
	o := Linger.Value(-5 * time.Second)
	assert.Equal(t, "SO_LINGER=-5s", o.String())
	_, err := Parse(o.String())
	require.Error(t, err)
	require.ErrorContains(t, Options{o}.Check(""), "SO_LINGER=-5s: invalid argument: allowed: off or 0s")
}

func TestPortRangeKeepsItsEnds(t *testing.T) {
	for _, p := range []PortRange{{}, {0, 65535}, {65535, 0}, {40000, 50000}} {
		assert.Equal(t, p, portRangeValue(p).portRange())
		assert.Equal(t, p, fromValue[PortRange](toValue(p)))
	}
}

func TestHandleValues(t *testing.T) {
	assert.Equal(t, true, fromValue[bool](toValue(true)))
	assert.Equal(t, false, fromValue[bool](toValue(false)))
	assert.Equal(t, -5, fromValue[int](toValue(-5)))
	assert.Equal(t, uint32(math.MaxUint32), fromValue[uint32](toValue(uint32(math.MaxUint32))))
	assert.Equal(t, uint64(math.MaxUint64), fromValue[uint64](toValue(uint64(math.MaxUint64))))
	assert.Equal(t, "bbr", fromValue[string](toValue("bbr")))
	assert.Equal(t, -time.Second, fromValue[time.Duration](toValue(-time.Second)))
}

func TestInRange(t *testing.T) {
	seconds := row{Info: Info{Kind: KindDuration, Unit: "s", Range: []Span{{-1, -1}, {1, 10}}}}
	for d, want := range map[time.Duration]bool{
		-time.Second: true, 0: false, time.Second: true, 10 * time.Second: true, 11 * time.Second: false,
		time.Second + 1: false, time.Second / 2: false, -time.Second / 2: false, math.MaxInt64: false, math.MinInt64: false,
	} {
		assert.Equal(t, want, seconds.inRange(value{n: int64(d)}), d)
	}
	linger := row{Info: Info{Kind: KindLinger, Unit: "s", Range: []Span{{0, 65535}}}}
	for d, want := range map[time.Duration]bool{
		LingerOff: true, 0: true, 65535 * time.Second: true, 65536 * time.Second: false, -time.Second: false, -2: false, 1: false,
	} {
		assert.Equal(t, want, linger.inRange(value{n: int64(d)}), d)
	}
	integer := row{Info: Info{Kind: KindInt}}
	for n, want := range map[int64]bool{math.MinInt32: true, math.MaxInt32: true, math.MinInt32 - 1: false, math.MaxInt32 + 1: false} {
		assert.Equal(t, want, integer.inRange(value{n: n}), n)
	}
	name := row{Info: Info{Kind: KindString}}
	for s, want := range map[string]bool{"": true, "lo": true, "fifteen--bytes-": true, "sixteen---bytes-": false, "nul\x00": false, "a,b": false, " a": false, "\u00a0": false, "\xff": false, "été": true} {
		assert.Equal(t, want, name.inRange(value{s: s}), s)
	}
	ports := row{Info: Info{Kind: KindPortRange}}
	for p, want := range map[PortRange]bool{{}: true, {2, 1}: false, {1, 1}: true, {1, 2}: true, {2, 0}: true, {0, 1}: true} {
		assert.Equal(t, want, ports.inRange(portRangeValue(p)), p)
	}
}
