package sockspec_test

import (
	"errors"
	"math"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/spec"
	"github.com/strata-net/strata/spec/sockspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// errInvalid is how this platform says that a value is wrong.
var errInvalid = syscall.EINVAL.Error()

func values(t *testing.T, m map[string]any) map[string]*structpb.Value {
	t.Helper()
	s, err := structpb.NewStruct(m)
	require.NoError(t, err)
	return s.GetFields()
}

// TestOrder is the order of the table, wherever an option stands.
func TestOrder(t *testing.T) {
	socket := &specv1.SockOption{
		Tcp: &specv1.SockTCPOption{Nodelay: new(true)},
		So:  &specv1.SockSOOption{Rcvbuf: new(int64(65536))},
	}
	options := values(t, map[string]any{"6/4": "0x01", "IP_TTL": 9, "SO_REUSEADDR": true, "06/3": "0x02", "SO_LINGER": 0})
	prefer := values(t, map[string]any{"TCP_MAXRT": "3s", "SO_SNDBUF": 4096, "UDP_GRO": true})
	before := proto.Clone(socket)
	for range 20 {
		list, err := sockspec.Options(socket, options, prefer)
		require.NoError(t, err)
		require.Equal(t, "SO_REUSEADDR=true,SO_SNDBUF?=4096,SO_RCVBUF=65536,SO_LINGER=0s,IP_TTL=9,"+
			"TCP_NODELAY=true,TCP_MAXRT?=3s,UDP_GRO?=true,6/3=0x02,6/4=0x01", list.String())
	}
	assert.True(t, proto.Equal(before, socket))
}

func TestNothing(t *testing.T) {
	list, err := sockspec.Options(nil, nil, nil)
	require.NoError(t, err)
	assert.Nil(t, list)
	list, err = sockspec.Options(&specv1.SockOption{Tcp: &specv1.SockTCPOption{}}, map[string]*structpb.Value{}, nil)
	require.NoError(t, err)
	assert.Nil(t, list)
	assert.Empty(t, sockspec.Field("TCP_NODELAY", nil, nil, nil))
}

func TestField(t *testing.T) {
	options := values(t, map[string]any{"IP_TTL": 9})
	prefer := values(t, map[string]any{"6/4": "0x01"})
	assert.Equal(t, "options.IP_TTL", sockspec.Field("IP_TTL", nil, options, prefer))
	assert.Equal(t, "prefer.6/4", sockspec.Field("6/4", nil, options, prefer))
}

// TestBroken has the whole text of each error.
func TestBroken(t *testing.T) {
	keepIdle, _ := sockopt.Lookup("TCP_KEEPIDLE")
	for _, test := range []struct {
		name  string
		value any
		want  string
	}{
		{"TCP_KEEPIDLE", 30, "30: " + errInvalid + ": want " + keepIdle.Allowed()},
		{"TCP_KEEPIDLE", "30", `"30": ` + errInvalid + ": want " + keepIdle.Allowed()},
		{"TCP_KEEPIDLE", "0s", `"0s": ` + errInvalid + ": allowed: " + keepIdle.Allowed()},
		{"TCP_KEEPIDLE", " 30s", `" 30s": spaces around the value`},
		{"TCP_KEEPIDLE", true, "true: want a string with a duration"},
		{"TCP_KEEPIDLE", nil, "null is no value of an option: leave it out, or give one"},
		{"TCP_KEEPIDLE", []any{1}, "a list is no value of an option"},
		{"TCP_KEEPIDLE", map[string]any{"a": 1}, "an object is no value of an option"},
		{"TCP_KEEPIDEL", "30s", `"30s": ` + errInvalid + ": unknown option, did you mean TCP_KEEPIDLE?"},
		{"keepidle", "30s", `"30s": ` + errInvalid + ": unknown option, did you mean TCP_KEEPIDLE?"},
		{"NO_SUCH", 1, "1: " + errInvalid + ": unknown option"},
		{"NO_SUCH", true, "true: " + errInvalid + ": unknown option"},
		{"TCP_NODELAY?", true, "not the name of an option; one that may be lacking belongs to prefer"},
		{" TCP_NODELAY", true, "not the name of an option"},
		{"TCP_NODELAY=1", true, "not the name of an option"},
		{"TCP_NODELAY", 1, "1: want true or false"},
		{"TCP_NODELAY", "yes", `"yes": ` + errInvalid + ": want true or false"},
		{"SO_RCVBUF", true, "true: want a number"},
		{"SO_RCVBUF", 1.5, "1.5: want a whole number"},
		{"SO_RCVBUF", math.NaN(), "NaN: want a whole number"},
		{"SO_RCVBUF", math.Inf(-1), "-Inf: want a whole number"},
		{"SO_RCVBUF", 1e300, "1e+300: a number above 9007199254740991 is not exact: write it in quotes"},
		{"SO_MAX_PACING_RATE", float64(1 << 53), "9007199254740992: a number above 9007199254740991 is not exact: write it in quotes"},
		{"SO_MARK", -1, "-1: " + errInvalid + ": want 0..4294967295"},
		{"SO_LINGER", 5, "5: " + errInvalid + ": want " + sockopt.Linger.Info().Allowed()},
		{"TCP_CONGESTION", true, "true: want a string"},
		{"TCP_CONGESTION", 5, "5: want a string"},
		{"IP_LOCAL_PORT_RANGE", 40000, "40000: want a string with a port range"},
		{"6/4", 1, "1: " + errInvalid + ": want bytes in hexadecimal: 0x01000000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			list, err := sockspec.Options(nil, values(t, map[string]any{test.name: test.value}), nil)
			assert.Nil(t, list)
			require.EqualError(t, err, "options."+test.name+": "+test.want)
			var own *sockopt.Error
			require.ErrorAs(t, err, &own)
		})
	}
}

// TestTypedBroken has the same for the typed fields.
func TestTypedBroken(t *testing.T) {
	linger := sockopt.Linger.Info().Allowed()
	list, err := sockspec.Options(&specv1.SockOption{
		So: &specv1.SockSOOption{Linger: durationpb.New(-time.Second), Sndbuf: new(int64(1 << 40))},
		Tcp: &specv1.SockTCPOption{
			Congestion: new(" reno"),
			Keepidle:   &durationpb.Duration{Seconds: math.MaxInt64},
			Keepintvl:  durationpb.New(1500 * time.Millisecond),
		},
	}, nil, nil)
	assert.Nil(t, list)
	sndbuf, _ := sockopt.Lookup("SO_SNDBUF")
	intvl, _ := sockopt.Lookup("TCP_KEEPINTVL")
	texts := map[string]string{}
	for _, e := range spec.Errors(err) {
		texts[e.Path] = e.Value + ": " + e.Err.Error()
	}
	assert.Len(t, texts, 5)
	assert.Equal(t, `" reno": spaces around the value`, texts["socket.tcp.congestion"])
	assert.Contains(t, texts["socket.tcp.keepidle"], "duration")
	assert.Equal(t, `"1.5s": `+errInvalid+": allowed: "+intvl.Allowed(), texts["socket.tcp.keepintvl"])
	assert.Equal(t, `1099511627776: `+errInvalid+": allowed: "+sndbuf.Allowed(), texts["socket.so.sndbuf"])
	assert.Equal(t, `"-1s": `+errInvalid+": want "+linger, texts["socket.so.linger"])
}

// TestTwice names both places.
func TestTwice(t *testing.T) {
	socket := &specv1.SockOption{Tcp: &specv1.SockTCPOption{Nodelay: new(true)}}
	options := values(t, map[string]any{"TCP_NODELAY": false, "IP_TTL": 9, "6/4": "0x01", "006/4": "0x02"})
	prefer := values(t, map[string]any{"IP_TTL": 9, "TCP_NODELAY": true})
	_, err := sockspec.Options(socket, options, prefer)
	require.EqualError(t, err, `options.6/4: "0x01": the same option as options.006/4, which has it already
options.TCP_NODELAY: false: the same option as socket.tcp.nodelay, which has it already
prefer.IP_TTL: 9: the same option as options.IP_TTL, which has it already
prefer.TCP_NODELAY: true: the same option as socket.tcp.nodelay, which has it already`)
}

// TestNoEffect refuses what no socket of package net obeys.
func TestNoEffect(t *testing.T) {
	if _, ok := sockopt.Lookup("SO_RCVTIMEO"); !ok || !hasTable() {
		t.Skip("the platform has no options")
	}
	_, err := sockspec.Options(nil, values(t, map[string]any{"SO_RCVTIMEO": "5s"}), nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.EqualError(t, err, `options.SO_RCVTIMEO: "5s": unsupported operation: no effect on a non-blocking socket, use SetReadDeadline and SetWriteDeadline`)
	assert.NotErrorIs(t, err, os.ErrNotExist)
}
