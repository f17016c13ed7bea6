package sockopt_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]sockopt.Option{
		"TCP_NODELAY=true":                        sockopt.TCPNoDelay.Value(true),
		"TCP_NODELAY=1":                           sockopt.TCPNoDelay.Value(true),
		"TCP_NODELAY=on":                          sockopt.TCPNoDelay.Value(true),
		"TCP_NODELAY=false":                       sockopt.TCPNoDelay.Value(false),
		"TCP_NODELAY=0":                           sockopt.TCPNoDelay.Value(false),
		"TCP_NODELAY=off":                         sockopt.TCPNoDelay.Value(false),
		" TCP_NODELAY =\tfalse ":                  sockopt.TCPNoDelay.Value(false),
		"SO_RCVBUF=262144":                        sockopt.RcvBuf.Value(262144),
		"SO_RCVBUF=0x40000":                       sockopt.RcvBuf.Value(262144),
		"IPV6_UNICAST_HOPS=-1":                    sockopt.IPv6UnicastHops.Value(-1),
		"SO_MARK=0":                               sockopt.Mark.Value(0),
		"SO_MARK=2147483648":                      sockopt.Mark.Value(1 << 31),
		"SO_MARK=0xffffffff":                      sockopt.Mark.Value(1<<32 - 1),
		"SO_MAX_PACING_RATE=18446744073709551615": sockopt.MaxPacingRate.Value(1<<64 - 1),
		"TCP_KEEPIDLE=30s":                        sockopt.TCPKeepIdle.Value(30 * time.Second),
		"TCP_KEEPIDLE=1m30s":                      sockopt.TCPKeepIdle.Value(90 * time.Second),
		"TCP_USER_TIMEOUT=1500ms":                 sockopt.TCPUserTimeout.Value(1500 * time.Millisecond),
		"TCP_LINGER2=-1s":                         sockopt.TCPLinger2.Value(-time.Second),
		"SO_LINGER=off":                           sockopt.Linger.Value(sockopt.LingerOff),
		"SO_LINGER=0":                             sockopt.Linger.Value(0),
		"SO_LINGER=0s":                            sockopt.Linger.Value(0),
		"SO_LINGER=5s":                            sockopt.Linger.Value(5 * time.Second),
		"TCP_CONGESTION=bbr":                      sockopt.TCPCongestion.Value("bbr"),
		"SO_BINDTODEVICE=":                        sockopt.BindToDevice.Value(""),
		"IP_LOCAL_PORT_RANGE=40000-50000":         sockopt.IPLocalPortRange.Value(sockopt.PortRange{Low: 40000, High: 50000}),
		"IP_LOCAL_PORT_RANGE=0-50000":             sockopt.IPLocalPortRange.Value(sockopt.PortRange{High: 50000}),
		"IP_LOCAL_PORT_RANGE=40000-0":             sockopt.IPLocalPortRange.Value(sockopt.PortRange{Low: 40000}),
		"6/4=0x1e000000":                          sockopt.Raw(6, 4, []byte{0x1e, 0, 0, 0}),
		"65535/-5=0x01":                           sockopt.Raw(65535, -5, []byte{1}),
		"-1/2147483647=0x":                        sockopt.Raw(-1, 1<<31-1, nil),
		"TCP_USER_TIMEOUT?=5s":                    sockopt.Prefer(sockopt.TCPUserTimeout.Value(5 * time.Second)),
		"6/4?=0x1e":                               sockopt.Prefer(sockopt.Raw(6, 4, []byte{0x1e})),
	} {
		t.Run(text, func(t *testing.T) {
			got, err := sockopt.Parse(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestParseKnowsOtherPlatforms(t *testing.T) {
	for _, text := range []string{
		"SO_MARK=1", "TCP_CONGESTION=bbr", "IP_LOCAL_PORT_RANGE=1-2", // Linux
		"SO_EXCLUSIVEADDRUSE=true", "UDP_SEND_MSG_SIZE=1400", // Windows
		"SO_USER_COOKIE=7", "TCP_KEEPINIT=3s", // FreeBSD
		"IP_BOUND_IF=1", "TCP_CONNECTIONTIMEOUT=3s", // macOS
	} {
		o, err := sockopt.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, text, o.String())
		info, ok := sockopt.Lookup(o.Name())
		require.True(t, ok)
		if info.Supported {
			assert.NoError(t, sockopt.Options{o}.Check(""))
			continue
		}
		require.ErrorIs(t, sockopt.Options{o}.Check(""), errors.ErrUnsupported, text)
	}
}

// allowed is what the table of this platform says of the values of an option.
func allowed(name string) string {
	info, _ := sockopt.Lookup(name)
	return info.Allowed()
}

func TestParseErrors(t *testing.T) {
	const noForm = "want NAME=value"
	tests := []struct{ text, option, value, says string }{
		{"", "", "", noForm},
		{"  ", "", "", noForm},
		{"TCP_NODELAY", "TCP_NODELAY", "", noForm},
		{" TCP_NODELAY ", "TCP_NODELAY", "", noForm},
		{"TCP_NODELAY=", "TCP_NODELAY", "", "want true or false"},
		{"TCP_NODELAY=yes", "TCP_NODELAY", "yes", "want true or false"},
		{"TCP_NODELAY=TRUE", "TCP_NODELAY", "TRUE", "want true or false"},
		{"TCP_NODELAY==1", "TCP_NODELAY", "=1", "want true or false"},
		{"TCP_NODELAY?=2", "TCP_NODELAY", "2", "want true or false"},
		{"SO_RCVBUF=64k", "SO_RCVBUF", "64k", allowed("SO_RCVBUF")},
		{"SO_RCVBUF=1.5", "SO_RCVBUF", "1.5", allowed("SO_RCVBUF")},
		{"SO_RCVBUF=-1", "SO_RCVBUF", "-1", allowed("SO_RCVBUF")},
		{"SO_RCVBUF=2147483648", "SO_RCVBUF", "2147483648", allowed("SO_RCVBUF")},
		{"SO_RCVBUF=9223372036854775808", "SO_RCVBUF", "9223372036854775808", allowed("SO_RCVBUF")},
		{"IP_TTL=256", "IP_TTL", "256", allowed("IP_TTL")},
		{"IP_TTL=4294967305", "IP_TTL", "4294967305", allowed("IP_TTL")}, // 9 in 32 bits
		{"SO_MARK=-1", "SO_MARK", "-1", "0..4294967295"},
		{"SO_MARK=4294967296", "SO_MARK", "4294967296", "0..4294967295"},
		{"SO_MAX_PACING_RATE=18446744073709551616", "SO_MAX_PACING_RATE", "18446744073709551616", "0..18446744073709551615"},
		{"TCP_KEEPIDLE=30", "TCP_KEEPIDLE", "30", allowed("TCP_KEEPIDLE")},
		{"TCP_KEEPIDLE=0s", "TCP_KEEPIDLE", "0s", allowed("TCP_KEEPIDLE")},
		{"TCP_KEEPIDLE=-1s", "TCP_KEEPIDLE", "-1s", allowed("TCP_KEEPIDLE")},
		{"TCP_KEEPIDLE=1500ms", "TCP_KEEPIDLE", "1500ms", "in steps of 1s"},
		{"TCP_KEEPIDLE=2147483648s", "TCP_KEEPIDLE", "2147483648s", allowed("TCP_KEEPIDLE")},
		{"SO_LINGER=-1s", "SO_LINGER", "-1s", "off"},
		{"SO_LINGER=-1ns", "SO_LINGER", "-1ns", "off"}, // not another way to write off
		{"SO_LINGER=5", "SO_LINGER", "5", "off"},
		{"SO_LINGER=true", "SO_LINGER", "true", "off"},
		{"SO_LINGER=2147483648s", "SO_LINGER", "2147483648s", "off"},
		{"IP_LOCAL_PORT_RANGE=40000", "IP_LOCAL_PORT_RANGE", "40000", "LOW-HIGH"},
		{"IP_LOCAL_PORT_RANGE=a-b", "IP_LOCAL_PORT_RANGE", "a-b", "LOW-HIGH"},
		{"IP_LOCAL_PORT_RANGE=1-70000", "IP_LOCAL_PORT_RANGE", "1-70000", "0..65535"},
		{"IP_LOCAL_PORT_RANGE=-1-2", "IP_LOCAL_PORT_RANGE", "-1-2", "0..65535"},
		{"6/4=30", "6/4", "30", "hexadecimal"},
		{"6/4=0x1", "6/4", "0x1", "hexadecimal"},
		{"TCP_CONGESTION=sixteen---bytes-", "TCP_CONGESTION", "sixteen---bytes-", "15 bytes"},
		{"TCP_CONGESTION=a b", "TCP_CONGESTION", "a b", "without spaces"},
		{"SO_TYPE=1", "SO_TYPE", "1", "read only"},
		{"=1", "", "1", "unknown option"},
		{"6/=0x00", "6/", "0x00", "unknown option"},
		{"6/4/5=0x00", "6/4/5", "0x00", "unknown option"},
		{"2147483648/1=0x00", "2147483648/1", "0x00", "unknown option"},
		{"RAW=0x00", "RAW", "0x00", "unknown option"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			o, err := sockopt.Parse(test.text)
			assert.Zero(t, o)
			requireParseError(t, err, test.option, test.value)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

// requireParseError checks what all errors about a text have in common.
func requireParseError(t *testing.T, err error, option, value string) {
	t.Helper()
	var e *sockopt.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, &sockopt.Error{Op: "parse", Option: option, Value: value, Err: e.Err}, e)
	require.ErrorIs(t, err, syscall.EINVAL)
	assert.NotErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, option)
	assert.ErrorContains(t, err, value)
}

func TestParseSuggests(t *testing.T) {
	for name, want := range map[string]string{
		"TCP_KEEPIDEL":        "TCP_KEEPIDLE",
		"TCP_KEEPIDL":         "TCP_KEEPIDLE",
		"KEEPIDLE":            "TCP_KEEPIDLE",
		"keepidle":            "TCP_KEEPIDLE",
		"tcp_keepidle":        "TCP_KEEPIDLE",
		"tcp-keepidle":        "TCP_KEEPIDLE",
		"TCPKEEPIDLE":         "TCP_KEEPIDLE",
		"ip-local-port-range": "IP_LOCAL_PORT_RANGE",
		"tcp-nodelay":         "TCP_NODELAY",
		"SO_REUSE_PORT":       "SO_REUSEPORT",
		"SNDBUF":              "SO_SNDBUF",
		"SO_RCVBUFF":          "SO_RCVBUF",
		"IP_TLL":              "IP_TTL",
		"IPV6_UNICAST_HOP":    "IPV6_UNICAST_HOPS",
		"EXCLUSIVEADDRUSE":    "SO_EXCLUSIVEADDRUSE",
		"TCP_USER_TIMEOUTS":   "TCP_USER_TIMEOUT",
	} {
		for _, suffix := range []string{"", "?"} {
			_, err := sockopt.Parse(name + suffix + "=1")
			requireParseError(t, err, name, "1")
			assert.ErrorContains(t, err, "unknown option, did you mean "+want+"?")
		}
	}
	for _, name := range []string{"", "X", "HELLO_WORLD", "6/x", "été"} {
		_, err := sockopt.Parse(name + "=1")
		requireParseError(t, err, name, "1")
		assert.NotContains(t, err.Error(), "did you mean", name)
	}
}

func TestParseList(t *testing.T) {
	for text, want := range map[string]sockopt.Options{
		"":            nil,
		" \t":         nil,
		"SO_LINGER=0": {sockopt.Linger.Value(0)},
		"TCP_NODELAY=0, SO_RCVBUF?=65536 ,6/4=0x01": {
			sockopt.TCPNoDelay.Value(false), sockopt.Prefer(sockopt.RcvBuf.Value(65536)), sockopt.Raw(6, 4, []byte{1}),
		},
		"IP_TTL=1,IP_TTL=2": {sockopt.IPTTL.Value(1), sockopt.IPTTL.Value(2)},
	} {
		got, err := sockopt.ParseList(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
}

func TestParseListJoinsErrors(t *testing.T) {
	list, err := sockopt.ParseList("TCP_NODELAY=maybe,SO_LINGER=0,,IP_TTL=256,NO_SUCH=1")
	assert.Nil(t, list)
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%T", err)
	errs := joined.Unwrap()
	require.Len(t, errs, 4)
	requireParseError(t, errs[0], "TCP_NODELAY", "maybe")
	requireParseError(t, errs[1], "", "")
	requireParseError(t, errs[2], "IP_TTL", "256")
	requireParseError(t, errs[3], "NO_SUCH", "1")
	for _, e := range errs {
		assert.ErrorContains(t, err, e.Error())
	}
}
