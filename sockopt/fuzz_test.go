package sockopt_test

import (
	"encoding/json"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

var fuzzSeeds = []string{
	"", " ", "=", "?=", ",", "TCP_NODELAY", "TCP_NODELAY=", "TCP_NODELAY=true", "TCP_NODELAY?=off", "TCP_NODELAY==1",
	"SO_RCVBUF=0x40000", "SO_RCVBUF=-1", "SO_RCVBUF=9223372036854775808", "SO_MARK=4294967295", "SO_MAX_PACING_RATE=18446744073709551615",
	"TCP_KEEPIDLE=30s", "TCP_KEEPIDLE=1.5h", "TCP_KEEPIDLE=2562047h47m16.854775807s", "TCP_LINGER2=-1s", "SO_LINGER=off", "SO_LINGER=0",
	"IP_LOCAL_PORT_RANGE=40000-50000", "IP_LOCAL_PORT_RANGE=70000-1", "TCP_CONGESTION=bbr", "SO_BINDTODEVICE=", "SO_BINDTODEVICE=a,b",
	"6/4=0x1e000000", "-1/-5=0x", "99999999999/1=0x00", "6/4?=0xzz", "keepidle=1", "tcp-keepidle=1", "SO_USER_COOKIE=1", "TCP_KEEPINIT=1ns",
	"TCP_NODELAY=1,SO_LINGER=0 , IP_TTL?=9", "TCP_NODELAY=1,,IP_TTL=9,", "IP_TTL=1,IP_TTL=2",
	"SO_BINDTODEVICE=\xff", "SO_BINDTODEVICE=\u00a0x", "\x00=\x00", "TCP_ULP=\"\\",
}

// What is accepted comes back from its own text, from JSON, and from every list.
func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := sockopt.Parse(s)
		if err != nil {
			assert.True(t, o == sockopt.Option{})
			requireWhatAndWhy(t, err)
			return
		}
		back, err := sockopt.Parse(o.String())
		require.NoError(t, err, "%q", o)
		assert.True(t, back == o, "%q became %q", o, back)
		requireListForms(t, sockopt.Options{o})
	})
}

func FuzzParseList(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := sockopt.ParseList(s)
		if err != nil {
			assert.Nil(t, list)
			for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
				requireWhatAndWhy(t, e)
			}
			return
		}
		requireListForms(t, list)
	})
}

// The text is given to package json, and past it, as the decoders of other formats may do.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		"null", " null\n", "\vnull", "{}", "[]", "{", `{"TCP_NODELAY":false}`, `{"TCP_NODELAY?":true}`, `{"TCP_NODELAY":null}`, `{"TCP_KEEPIDLE":"30s","SO_RCVBUF":262144}`,
		oneOfEachKindJSON, `{"IP_TTL":1,"IP_TTL":2}`, `{"6/4":"0x1e","+6/4":"0x1e"}`, `{"SO_RCVBUF":1e5}`, `{"SO_RCVBUF":[1]}`, `{"":{}}`,
		`{"TCP_CONGESTION":"\ud800"}`, `{"SO_BINDTODEVICE":" lo "}`, `{"SO_BINDTODEVICE":"a,b"}`, `{"SO_BINDTODEVICE":"\u0000"}`, `{"IP_TTL":1} `, `{"IP_TTL":1}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var direct, list sockopt.Options
		directErr := direct.UnmarshalJSON(data)
		err := json.Unmarshal(data, &list)
		if json.Valid(data) {
			assert.Equal(t, err == nil, directErr == nil, "%q", data)
			assert.True(t, slices.Equal(list, direct), "%q", data)
		} else {
			require.Error(t, directErr, "%q", data)
		}
		if err != nil {
			assert.Nil(t, list)
			return
		}
		requireListForms(t, list)
	})
}

// requireWhatAndWhy checks that an error says what was wrong with what.
func requireWhatAndWhy(t *testing.T, err error) {
	t.Helper()
	var e *sockopt.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, syscall.EINVAL)
	assert.Equal(t, "parse", e.Op)
}

// requireListForms takes a list through its text and JSON forms and back.
func requireListForms(t *testing.T, list sockopt.Options) {
	t.Helper()
	back, err := sockopt.ParseList(list.String())
	require.NoError(t, err, "%q", list)
	assert.True(t, slices.Equal(list, back), "%q became %q", list, back)

	data, err := json.Marshal(list)
	require.NoError(t, err, "%q", list)
	require.NoError(t, json.Unmarshal(data, &back), "%s", data)
	assert.True(t, slices.Equal(lastOfEach(list), back), "%q became %q through %s", list, back, data)
}

// lastOfEach is what JSON keeps of a list: of each name the later option.
func lastOfEach(list sockopt.Options) (last sockopt.Options) {
	at := map[string]int{}
	for i, o := range list {
		at[o.Name()] = i
	}
	for i, o := range list {
		if at[o.Name()] == i {
			last = append(last, o)
		}
	}
	return last
}
