package sockopt

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// retransmits follows the timeouts of RFC 6298: 1 s that doubles, up to 120 s.
func TestRetransmits(t *testing.T) {
	series := []int64{1, 3, 7, 15, 31, 63, 127, 247, 367, 487}
	for i, n := range series {
		after := n * int64(time.Second)
		assert.Equal(t, after, retransmits(after))
		if i > 0 {
			before := series[i-1]*int64(time.Second) + 1
			assert.Equal(t, after, retransmits(before))
		}
	}
	assert.Equal(t, int64(7*time.Second), retransmits(int64(5*time.Second)))
	assert.Zero(t, retransmits(0))
	assert.Zero(t, retransmits(-1))
}

// took is the judge of Verify: what the kernel does by its rule is no difference, everything else is one.
func TestTook(t *testing.T) {
	const ms = int64(time.Millisecond)
	plain := socket{network: UDP4, looked: true}
	stream := socket{network: TCP4, looked: true}
	connected := socket{network: TCP4, looked: true, state: state{connected: true}}
	tests := []struct {
		rule      ReadBack
		socket    socket
		want, got int64
		took      bool
	}{
		{Exact, plain, 5, 5, true},
		{Exact, plain, 5, 6, false},
		{Exact, plain, 0, 0, true},
		{Doubled, plain, 65536, 131072, true},
		{Doubled, plain, 65536, 65536, false}, // cut to the maximum
		{Doubled, plain, 65536, 262144, false},
		{Doubled, plain, 1, 2304, true}, // raised to the minimum
		{Doubled, plain, 1, 2, true},
		{Doubled, plain, 5000, 8192, false},
		{Raised, plain, 0, 1, true},
		{Raised, plain, 4096, 4096, true},
		{Raised, plain, 4096, 4000, false},
		{Raised, plain, 1, 1 << 20, false},
		{Jiffy, plain, 20 * ms, 20 * ms, true},
		{Jiffy, plain, 1, 4 * ms, true},
		{Jiffy, plain, 20 * ms, 29 * ms, true},
		{Jiffy, plain, 20 * ms, 30 * ms, false},
		{Jiffy, plain, 20 * ms, 19 * ms, false},
		{Retransmits, stream, 5000 * ms, 7000 * ms, true},
		{Retransmits, stream, 5000 * ms, 5000 * ms, false},
		{Segment, stream, 1200, 1200, true},
		{Segment, stream, 1200, 1188, false},
		{Segment, connected, 1200, 1188, true},
		{Segment, connected, 1200, 1201, false},
		{Segment, connected, 1200, 0, false},
		{DropsECN, plain, 187, 187, true},
		{DropsECN, plain, 187, 184, false},
		{DropsECN, stream, 187, 184, true},
		{DropsECN, stream, 187, 180, false},
		{AddsBits, plain, 1, 0x81, true},
		{AddsBits, plain, 3, 1, false},
		{Live, plain, 1, 7, true},
	}
	for _, test := range tests {
		r := row{Info: Info{Kind: KindInt, ReadBack: test.rule}}
		assert.Equal(t, test.took, r.took(value{n: test.want}, value{n: test.got}, &test.socket), "%s: set %d, read %d", test.rule, test.want, test.got)
	}
}

// A value that asks for the default reads as the default, whatever that is.
func TestTookReset(t *testing.T) {
	r := row{Info: Info{Kind: KindDuration, Unit: "s", Reset: []int64{-1, 0}}}
	for _, want := range []time.Duration{-time.Second, 0} {
		assert.True(t, r.took(value{n: int64(want)}, value{n: int64(time.Minute)}, &socket{}))
	}
	assert.False(t, r.took(value{n: int64(time.Second)}, value{n: int64(time.Minute)}, &socket{}))
}

func TestTookComparesText(t *testing.T) {
	r := row{Info: Info{Kind: KindString}}
	assert.True(t, r.took(value{s: "bbr"}, value{s: "bbr"}, &socket{}))
	assert.False(t, r.took(value{s: "bbr"}, value{s: "cubic"}, &socket{}))
}
