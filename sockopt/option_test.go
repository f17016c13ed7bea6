package sockopt_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

func TestOptionText(t *testing.T) {
	tests := []struct {
		option            sockopt.Option
		name, value, text string
	}{
		{sockopt.TCPNoDelay.Value(false), "TCP_NODELAY", "false", "TCP_NODELAY=false"},
		{sockopt.IPv6UnicastHops.Value(-1), "IPV6_UNICAST_HOPS", "-1", "IPV6_UNICAST_HOPS=-1"},
		{sockopt.Mark.Value(1 << 31), "SO_MARK", "2147483648", "SO_MARK=2147483648"},
		{sockopt.MaxPacingRate.Value(1<<64 - 1), "SO_MAX_PACING_RATE", "18446744073709551615", "SO_MAX_PACING_RATE=18446744073709551615"},
		{sockopt.TCPKeepIdle.Value(30 * time.Second), "TCP_KEEPIDLE", "30s", "TCP_KEEPIDLE=30s"},
		{sockopt.Linger.Value(0), "SO_LINGER", "0s", "SO_LINGER=0s"},
		{sockopt.Linger.Value(sockopt.LingerOff), "SO_LINGER", "off", "SO_LINGER=off"},
		{sockopt.BindToDevice.Value(""), "SO_BINDTODEVICE", "", "SO_BINDTODEVICE="},
		{sockopt.IPLocalPortRange.Value(sockopt.PortRange{Low: 1, High: 65535}), "IP_LOCAL_PORT_RANGE", "1-65535", "IP_LOCAL_PORT_RANGE=1-65535"},
		{sockopt.Raw(65535, -5, []byte{1, 0}), "65535/-5", "0x0100", "65535/-5=0x0100"},
		{sockopt.Raw(1, 2, nil), "1/2", "0x", "1/2=0x"},
		{sockopt.Prefer(sockopt.TCPNoDelay.Value(true)), "TCP_NODELAY", "true", "TCP_NODELAY?=true"},
		{sockopt.Prefer(sockopt.Raw(1, 2, []byte{3})), "1/2", "0x03", "1/2?=0x03"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			assert.Equal(t, test.name, test.option.Name())
			assert.Equal(t, test.value, test.option.ValueText())
			assert.Equal(t, test.text, test.option.String())
			back, err := sockopt.Parse(test.text)
			require.NoError(t, err)
			assert.Equal(t, test.option, back)
		})
	}
}

func TestOptionsAreComparable(t *testing.T) {
	a, b := sockopt.TCPKeepIdle.Value(time.Second), sockopt.TCPKeepIdle.Value(1000*time.Millisecond)
	assert.True(t, a == b)
	different := map[sockopt.Option]bool{
		a: true, sockopt.TCPKeepIdle.Value(2 * time.Second): true, sockopt.TCPKeepIntvl.Value(time.Second): true,
		sockopt.Prefer(a): true, {}: true,
		sockopt.Raw(1, 2, []byte{3}): true, sockopt.Raw(1, 2, []byte{4}): true, sockopt.Raw(2, 1, []byte{3}): true,
		sockopt.Linger.Value(0): true, sockopt.Linger.Value(sockopt.LingerOff): true,
	}
	assert.Len(t, different, 10)
	assert.True(t, different[b])
	assert.True(t, different[sockopt.Raw(1, 2, []byte{3})])
}

func TestRawKeepsItsBytes(t *testing.T) {
	b := []byte{1, 2}
	o := sockopt.Raw(1, 2, b)
	b[0] = 9
	assert.Equal(t, "0x0102", o.ValueText())
}

func TestPreferLeavesItsArgument(t *testing.T) {
	o := sockopt.Linger.Value(0)
	p := sockopt.Prefer(o)
	assert.False(t, o.Preferred())
	assert.True(t, p.Preferred())
	assert.Equal(t, p, sockopt.Prefer(p))
	assert.Equal(t, o.Info(), p.Info())
}

func TestOptionInfo(t *testing.T) {
	assert.Equal(t, sockopt.Linger.Info(), sockopt.Linger.Value(0).Info())
	info := sockopt.Raw(65535, -5, []byte{1}).Info()
	assert.Equal(t, "65535/-5", info.Name)
	assert.Equal(t, 65535, info.Level)
	assert.Equal(t, -5, info.Number)
	assert.Equal(t, sockopt.KindBytes, info.Kind)
	assert.Equal(t, sockopt.Bind, info.Stage)
	assert.True(t, info.Supported)
	_, ok := sockopt.Lookup(info.Name)
	assert.False(t, ok)
}

func TestOptionsText(t *testing.T) {
	list := sockopt.Options{sockopt.Linger.Value(0), sockopt.Prefer(sockopt.IPTTL.Value(9)), sockopt.Raw(1, 2, []byte{3})}
	assert.Equal(t, "SO_LINGER=0s,IP_TTL?=9,1/2=0x03", list.String())
	assert.Empty(t, sockopt.Options(nil).String())
	back, err := sockopt.ParseList(list.String())
	require.NoError(t, err)
	assert.Equal(t, list, back)
	back, err = sockopt.ParseList(oneOfEachKind.String())
	require.NoError(t, err)
	assert.Equal(t, oneOfEachKind, back)
}

func TestOptionsAt(t *testing.T) {
	early, late, raw := sockopt.IPTTL.Value(9), sockopt.TCPNoDelay.Value(false), sockopt.Raw(1, 2, []byte{3})
	list := sockopt.Options{late, early, raw, late}
	assert.Equal(t, sockopt.Options{early, raw}, list.At(sockopt.Bind))
	assert.Equal(t, sockopt.Options{late, late}, list.At(sockopt.Established, sockopt.Established))
	assert.Equal(t, list, list.At(sockopt.Established, sockopt.Bind), "in the list's order, each once")
	assert.Empty(t, list.At(sockopt.Listening))
	assert.Empty(t, list.At())
	assert.Equal(t, sockopt.Options{late, early, raw, late}, list, "left alone")
}

// The zero Option is refused with an error wherever a list goes.
func TestZeroOption(t *testing.T) {
	var zero sockopt.Option
	assert.Empty(t, zero.Name())
	assert.Empty(t, zero.ValueText())
	assert.Empty(t, zero.String())
	assert.Equal(t, sockopt.Info{}, zero.Info())
	assert.False(t, zero.Preferred())

	conn, _ := tcpPair(t, "tcp4")
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	for _, o := range []sockopt.Option{zero, sockopt.Prefer(zero)} {
		before, err := sockopt.IPTTL.Get(conn)
		require.NoError(t, err)
		list := sockopt.Options{sockopt.IPTTL.Value(before + 1), o}
		_, jsonErr := list.MarshalJSON()
		for op, err := range map[string]error{
			"check":   list.Check(""),
			"tcp4":    list.Check("tcp4", sockopt.Bind),
			"control": list.Control("tcp4", "", raw),
			"stage":   list.ApplyStage(sockopt.Established, "tcp4", raw),
			"apply":   list.Apply(conn),
			"verify":  sockopt.Options{o}.Verify(conn),
			"report":  sockopt.Options{o}.Report(conn)[0].Err,
			"json":    jsonErr,
		} {
			require.ErrorIs(t, err, syscall.EINVAL, op)
			assert.ErrorContains(t, err, "zero Option", op)
		}
		require.NoError(t, sockopt.Options{o}.RefusedByMPTCP())
		after, err := sockopt.IPTTL.Get(conn)
		require.NoError(t, err)
		assert.Equal(t, before, after, "nothing was applied")
	}
}
