package sockopt_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// oneOfEachKind has a value of every kind, not in table order.
var oneOfEachKind = sockopt.Options{
	sockopt.TCPNoDelay.Value(false),
	sockopt.TCPKeepIdle.Value(30 * time.Second),
	sockopt.RcvBuf.Value(262144),
	sockopt.IPLocalPortRange.Value(sockopt.PortRange{Low: 40000, High: 50000}),
	sockopt.Mark.Value(1<<32 - 1),
	sockopt.MaxPacingRate.Value(1<<64 - 1),
	sockopt.Linger.Value(sockopt.LingerOff),
	sockopt.Prefer(sockopt.TCPCongestion.Value("bbr")),
	sockopt.Raw(6, 4, []byte{0x1e, 0, 0, 0}),
}

const oneOfEachKindJSON = `{"TCP_NODELAY":false,"TCP_KEEPIDLE":"30s","SO_RCVBUF":262144,` +
	`"IP_LOCAL_PORT_RANGE":"40000-50000","SO_MARK":4294967295,"SO_MAX_PACING_RATE":18446744073709551615,` +
	`"SO_LINGER":"off","TCP_CONGESTION?":"bbr","6/4":"0x1e000000"}`

func TestJSON(t *testing.T) {
	data, err := json.Marshal(oneOfEachKind)
	require.NoError(t, err)
	assert.Equal(t, oneOfEachKindJSON, string(data))

	var list sockopt.Options
	require.NoError(t, json.Unmarshal(data, &list))
	assert.Equal(t, oneOfEachKind, list)
}

func TestJSONEmpty(t *testing.T) {
	for _, list := range []sockopt.Options{nil, {}} {
		data, err := json.Marshal(list)
		require.NoError(t, err)
		assert.Equal(t, "{}", string(data))
	}
	list := sockopt.Options{sockopt.Linger.Value(0)}
	require.NoError(t, json.Unmarshal([]byte(" {\n} "), &list))
	assert.Empty(t, list)
}

func TestJSONInStruct(t *testing.T) {
	type config struct {
		Options sockopt.Options `json:"options"`
	}
	const text = `{"options":{"SO_LINGER":"0s"}}`
	var c config
	require.NoError(t, json.Unmarshal([]byte(text), &c))
	assert.Equal(t, sockopt.Options{sockopt.Linger.Value(0)}, c.Options)
	data, err := json.Marshal(c)
	require.NoError(t, err)
	assert.Equal(t, text, string(data))
}

// A list says which of two values counts by their order, which an object cannot.
func TestJSONKeepsTheLaterValue(t *testing.T) {
	data, err := json.Marshal(sockopt.Options{
		sockopt.IPTTL.Value(1), sockopt.Raw(1, 2, []byte{1}), sockopt.Raw(1, 3, []byte{1}), sockopt.Linger.Value(0), sockopt.IPTTL.Value(2),
		sockopt.Raw(1, 2, []byte{2}),
	})
	require.NoError(t, err)
	assert.Equal(t, `{"1/3":"0x01","SO_LINGER":"0s","IP_TTL":2,"1/2":"0x02"}`, string(data))
}

func TestMarshalZeroOption(t *testing.T) {
	_, err := json.Marshal(sockopt.Options{sockopt.Linger.Value(0), {}})
	require.ErrorContains(t, err, "zero Option")
}

func TestUnmarshalErrors(t *testing.T) {
	tests := []struct{ text, option, value, says string }{
		{`{"TCP_NODELAY":"true"}`, "TCP_NODELAY", `"true"`, "want a JSON boolean: true or false"},
		{`{"TCP_NODELAY":1}`, "TCP_NODELAY", "1", "want a JSON boolean: true or false"},
		{`{"TCP_NODELAY":null}`, "TCP_NODELAY", "null", "want a JSON boolean: true or false"},
		{`{"TCP_NODELAY":[true]}`, "TCP_NODELAY", "[true]", "want a JSON boolean: true or false"},
		{`{"TCP_NODELAY?":{}}`, "TCP_NODELAY", "{}", "want a JSON boolean: true or false"},
		{`{"SO_RCVBUF":"65536"}`, "SO_RCVBUF", `"65536"`, "want a JSON number: " + allowed("SO_RCVBUF")},
		{`{"SO_RCVBUF":true}`, "SO_RCVBUF", "true", allowed("SO_RCVBUF")},
		{`{"SO_RCVBUF":null}`, "SO_RCVBUF", "null", allowed("SO_RCVBUF")},
		{`{"SO_RCVBUF":1.5}`, "SO_RCVBUF", "1.5", allowed("SO_RCVBUF")},
		{`{"SO_RCVBUF":1e5}`, "SO_RCVBUF", "1e5", allowed("SO_RCVBUF")},
		{`{"SO_RCVBUF":-1}`, "SO_RCVBUF", "-1", allowed("SO_RCVBUF")},
		{`{"SO_MARK":4294967296}`, "SO_MARK", "4294967296", "0..4294967295"},
		{`{"TCP_KEEPIDLE":30}`, "TCP_KEEPIDLE", "30", "want a JSON string: " + allowed("TCP_KEEPIDLE")},
		{`{"TCP_KEEPIDLE":null}`, "TCP_KEEPIDLE", "null", "want a JSON string: " + allowed("TCP_KEEPIDLE")},
		{`{"TCP_KEEPIDLE":"0s"}`, "TCP_KEEPIDLE", "0s", allowed("TCP_KEEPIDLE")},
		{`{"SO_LINGER":false}`, "SO_LINGER", "false", "off"},
		{`{"IP_LOCAL_PORT_RANGE":[1,2]}`, "IP_LOCAL_PORT_RANGE", "[1,2]", "want a JSON string: LOW-HIGH"},
		{`{"6/4":30}`, "6/4", "30", "want a JSON string: bytes in hexadecimal"},
		{`{"6/4":"30"}`, "6/4", "30", "bytes in hexadecimal"},
		{`{"SO_TYPE":1}`, "SO_TYPE", "1", "read only"},
		{`{"KEEPIDLE":"30s"}`, "KEEPIDLE", `"30s"`, "did you mean TCP_KEEPIDLE?"},
		{`{"HELLO":1}`, "HELLO", "1", "unknown option"},
		{`{"IP_TTL":1,"IP_TTL":2}`, "IP_TTL", "2", "twice"},
		{`{"IP_TTL":1,"IP_TTL?":2}`, "IP_TTL?", "2", "twice"},
		{`{"6/4":"0x01","+6/4":"0x02"}`, "+6/4", `"0x02"`, "twice"},
		{`[]`, "options", "", "want a JSON object"},
		{`"TCP_NODELAY=true"`, "options", "", "want a JSON object"},
		{`7`, "options", "", "want a JSON object"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			list := sockopt.Options{sockopt.Linger.Value(0)}
			err := json.Unmarshal([]byte(test.text), &list)
			requireParseError(t, err, test.option, test.value)
			assert.ErrorContains(t, err, test.says)
			assert.Equal(t, sockopt.Options{sockopt.Linger.Value(0)}, list, "left alone")
		})
	}
}

func TestUnmarshalJoinsErrors(t *testing.T) {
	list := sockopt.Options{sockopt.Linger.Value(0)}
	err := json.Unmarshal([]byte(`{"TCP_NODELAY":1,"SO_RCVBUF":65536,"IP_TTL":256,"NO_SUCH":{"a":[1]},"SO_RCVBUF":1}`), &list)
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%T", err)
	errs := joined.Unwrap()
	require.Len(t, errs, 4)
	requireParseError(t, errs[0], "TCP_NODELAY", "1")
	requireParseError(t, errs[1], "IP_TTL", "256")
	requireParseError(t, errs[2], "NO_SUCH", `{"a":[1]}`)
	requireParseError(t, errs[3], "SO_RCVBUF", "1")
	assert.Equal(t, sockopt.Options{sockopt.Linger.Value(0)}, list)
}

// Package json checks the syntax before it calls UnmarshalJSON; others that call it do not.
func TestUnmarshalBrokenText(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"IP_TTL"`, `{"IP_TTL":`, `{"IP_TTL":1`, `{"IP_TTL":1,`, `{"IP_TTL":1]`, `{"IP_TTL":1}}`, `{} {}`, `{}x`, `{1:2}`, `{"IP_TTL":tru}`,
	} {
		list := sockopt.Options{sockopt.Linger.Value(0)}
		err := list.UnmarshalJSON([]byte(text))
		requireParseError(t, err, "options", "")
		assert.ErrorContains(t, err, "want a JSON object", text)
		assert.Equal(t, sockopt.Options{sockopt.Linger.Value(0)}, list, text)
	}
}

// TestUnmarshalNull: null leaves a list as it is, which is what package json does with every type.
func TestUnmarshalNull(t *testing.T) {
	list := sockopt.Options{sockopt.TCPNoDelay.Value(false)}
	require.NoError(t, json.Unmarshal([]byte(`null`), &list))
	assert.Equal(t, sockopt.Options{sockopt.TCPNoDelay.Value(false)}, list)
	for _, text := range []string{"null", " null", "null\n", "\r\n\tnull "} {
		require.NoError(t, list.UnmarshalJSON([]byte(text)), "%q", text)
		assert.Len(t, list, 1)
	}
	for _, text := range []string{"\vnull", "null\u00a0", "nullx", "null, null"} { // no spaces of JSON
		require.Error(t, list.UnmarshalJSON([]byte(text)), "%q", text)
	}
}
