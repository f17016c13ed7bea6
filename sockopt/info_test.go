package sockopt_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

func TestAll(t *testing.T) {
	all := slices.Collect(sockopt.All())
	require.NotEmpty(t, all)
	names := map[string]bool{}
	for _, info := range all {
		assert.True(t, info.Supported, info.Name)
		assert.False(t, names[info.Name], "%s twice", info.Name)
		names[info.Name] = true
		found, ok := sockopt.Lookup(info.Name)
		require.True(t, ok, info.Name)
		assert.Equal(t, info, found)
	}
	for _, name := range []string{"SO_KEEPALIVE", "SO_RCVBUF", "SO_LINGER", "IP_TTL", "IPV6_UNICAST_HOPS", "TCP_NODELAY"} {
		assert.True(t, names[name], name)
	}
}

func TestAllStops(t *testing.T) {
	var seen []string
	for info := range sockopt.All() {
		seen = append(seen, info.Name)
		if len(seen) == 3 {
			break
		}
	}
	assert.Len(t, seen, 3)
	var names []string
	for info := range sockopt.All() {
		names = append(names, info.Name)
	}
	assert.Equal(t, names[:3], seen)
}

// An Info belongs to who asked for it: the table does not change with it.
func TestLookup(t *testing.T) {
	info, ok := sockopt.Lookup("TCP_NODELAY")
	require.True(t, ok)
	assert.Equal(t, sockopt.TCPNoDelay.Info(), info)
	assert.Equal(t, "TCPNoDelay", info.Ident)
	assert.Equal(t, sockopt.KindBool, info.Kind)
	assert.Equal(t, sockopt.Established, info.Stage)
	assert.NotZero(t, info.Networks&sockopt.TCP4)
	info.Name, info.ReadOnly = "changed", true
	again, _ := sockopt.Lookup("TCP_NODELAY")
	assert.Equal(t, "TCP_NODELAY", again.Name)
	assert.False(t, again.ReadOnly)

	for _, name := range []string{"", "TCP_NO_SUCH", "tcp_nodelay", "TCP_NODELAY ", "TCPNoDelay", "RAW", "6/4"} {
		info, ok := sockopt.Lookup(name)
		assert.False(t, ok, name)
		assert.Equal(t, sockopt.Info{}, info)
	}
}

// No platform has all options; those of the others are found by name.
func TestLookupOfOtherPlatforms(t *testing.T) {
	missing := 0
	for name, kind := range map[string]sockopt.Kind{
		"SO_MARK": sockopt.KindUint32, "SO_EXCLUSIVEADDRUSE": sockopt.KindBool, "SO_USER_COOKIE": sockopt.KindUint32, "IP_BOUND_IF": sockopt.KindInt,
	} {
		info, ok := sockopt.Lookup(name)
		require.True(t, ok, name)
		assert.Equal(t, name, info.Name)
		assert.Equal(t, kind, info.Kind)
		assert.NotEmpty(t, info.Ident)
		assert.NotEmpty(t, info.Doc)
		assert.NotEmpty(t, info.Man)
		if info.Supported {
			continue
		}
		missing++
		assert.Zero(t, info.Number, name)
		assert.Empty(t, info.Range, name)
		for own := range sockopt.All() {
			assert.NotEqual(t, name, own.Name)
		}
	}
	assert.GreaterOrEqual(t, missing, 3)
}

func TestAllowed(t *testing.T) {
	tests := []struct {
		info sockopt.Info
		want string
	}{
		{sockopt.Info{Kind: sockopt.KindBool}, "true or false"},
		{sockopt.Info{Kind: sockopt.KindInt}, "-2147483648..2147483647"},
		{sockopt.Info{Kind: sockopt.KindUint32}, "0..4294967295"},
		{sockopt.Info{Kind: sockopt.KindUint64}, "0..18446744073709551615"},
		{sockopt.Info{Kind: sockopt.KindDuration}, "a duration such as 1.5s"},
		{sockopt.Info{Kind: sockopt.KindLinger}, "off, 0 or a duration in whole seconds"},
		{sockopt.Info{Kind: sockopt.KindString}, "a name of at most 15 bytes without spaces and commas"},
		{sockopt.Info{Kind: sockopt.KindPortRange}, "LOW-HIGH with ports 0..65535, 0 for the system's limit"},
		{sockopt.Info{Kind: sockopt.KindBytes}, "bytes in hexadecimal: 0x01000000"},
		{sockopt.Info{Kind: sockopt.KindInt, Range: []sockopt.Span{{Min: 0, Max: 5}}}, "0..5"},
		{sockopt.Info{Kind: sockopt.KindInt, Unit: "hop", Range: []sockopt.Span{{Min: -1, Max: -1}, {Min: 1, Max: 255}}}, "-1 or 1..255 hop"},
		{sockopt.Info{Kind: sockopt.KindInt, Range: []sockopt.Span{{Min: 10, Max: 10}, {Min: 20, Max: 20}, {Min: 30, Max: 30}}}, "10 or 20 or 30"},
		{sockopt.Info{Kind: sockopt.KindDuration, Unit: "s", Range: []sockopt.Span{{Min: 1, Max: 32767}}}, "1s..32767s in steps of 1s"},
		{sockopt.Info{Kind: sockopt.KindDuration, Unit: "µs", Range: []sockopt.Span{{Min: 0, Max: 999}}}, "0µs..999µs in steps of 1µs"},
		{sockopt.Info{Kind: sockopt.KindLinger, Unit: "s", Range: []sockopt.Span{{Min: 0, Max: 65535}}}, "off or 0s..65535s in steps of 1s"},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, test.info.Allowed())
	}
}

// Words that appear in errors, in the reference page and in examples.
func TestNamesOfEnumerations(t *testing.T) {
	for want, got := range map[string]string{
		"bool": sockopt.KindBool.String(), "int": sockopt.KindInt.String(), "uint32": sockopt.KindUint32.String(),
		"uint64": sockopt.KindUint64.String(), "duration": sockopt.KindDuration.String(), "linger": sockopt.KindLinger.String(),
		"string": sockopt.KindString.String(), "port range": sockopt.KindPortRange.String(), "bytes": sockopt.KindBytes.String(),

		"bind": sockopt.Bind.String(), "listening": sockopt.Listening.String(), "established": sockopt.Established.String(),

		"any time": sockopt.AnyTime.String(), "before bind": sockopt.BeforeBind.String(), "before connect": sockopt.BeforeConnect.String(),

		"inherited": sockopt.Inherited.String(), "set again": sockopt.SetAgain.String(), "listener only": sockopt.ListenerOnly.String(),

		"exact": sockopt.Exact.String(), "doubled": sockopt.Doubled.String(), "raised to a minimum": sockopt.Raised.String(),
		"rounded up to a clock tick": sockopt.Jiffy.String(), "rounded up to retransmissions": sockopt.Retransmits.String(),
		"lower once connected": sockopt.Segment.String(), "without the ECN bits on TCP": sockopt.DropsECN.String(),
		"with default bits added": sockopt.AddsBits.String(), "live, not compared": sockopt.Live.String(),

		"tcp4 tcp6 udp4 udp6 ip4 ip6 unix unixgram unixpacket mptcp": (sockopt.TCP4 | sockopt.TCP6 | sockopt.UDP4 | sockopt.UDP6 |
			sockopt.IP4 | sockopt.IP6 | sockopt.Unix | sockopt.Unixgram | sockopt.Unixpacket | sockopt.MPTCP).String(),
		"udp6": sockopt.UDP6.String(),
	} {
		assert.Equal(t, want, got)
	}
	assert.Empty(t, sockopt.Kind(0).String())
	assert.Empty(t, sockopt.Stage(0).String())
	assert.Empty(t, sockopt.Networks(0).String())
	assert.Equal(t, "0-65535", sockopt.PortRange{High: 65535}.String())
}
