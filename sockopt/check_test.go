package sockopt_test

import (
	"errors"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

func TestCheck(t *testing.T) {
	var (
		early   = sockopt.ReuseAddr.Value(true)
		late    = sockopt.TCPNoDelay.Value(false)
		ttl     = sockopt.IPTTL.Value(9)
		hops    = sockopt.IPv6UnicastHops.Value(9)
		only6   = sockopt.IPv6V6Only.Value(true)
		foreign = sockopt.UserCookie.Value(7) // FreeBSD
		raw     = sockopt.Raw(1, 2, []byte{3})
	)
	tests := []struct {
		name    string
		option  sockopt.Option
		network string
		stages  []sockopt.Stage
		want    error // nil: all is well
		says    string
	}{
		{name: "any network", option: late},
		{name: "its network", option: late, network: "tcp4"},
		{name: "both versions of IP", option: late, network: "tcp"},
		{name: "other network", option: late, network: "udp4", want: errors.ErrUnsupported, says: "only for tcp4 tcp6"},
		{name: "unix", option: late, network: "unix", want: errors.ErrUnsupported, says: "only for tcp4 tcp6"},
		{name: "unknown network", option: late, network: "sctp", want: errors.ErrUnsupported},
		{name: "one version of IP of two", option: only6, network: "tcp"},
		{name: "one version of IP of two, datagrams", option: only6, network: "udp"},
		{name: "that version", option: only6, network: "tcp6"},
		{name: "the other version", option: only6, network: "tcp4", want: errors.ErrUnsupported, says: "only for tcp6 udp6"},
		{name: "twin on the other version", option: ttl, network: "tcp6"},
		{name: "twin on the other version, datagrams", option: hops, network: "udp4"},
		{name: "twin on a raw socket", option: hops, network: "ip4:icmp"},
		{name: "twin on raw sockets", option: ttl, network: "ip:1"},
		{name: "twin on raw IPv6", option: ttl, network: "ip6:ipv6-icmp"},
		{name: "twin elsewhere", option: ttl, network: "unixgram", want: errors.ErrUnsupported},
		{name: "its stage", option: late, network: "tcp", stages: []sockopt.Stage{sockopt.Established}},
		{name: "one of the stages", option: late, network: "tcp", stages: []sockopt.Stage{sockopt.Bind, sockopt.Established}},
		{name: "another stage", option: late, network: "tcp", stages: []sockopt.Stage{sockopt.Bind}, want: errors.ErrUnsupported, says: "only at stage established"},
		{name: "other stages", option: early, stages: []sockopt.Stage{sockopt.Listening, sockopt.Established}, want: errors.ErrUnsupported, says: "only at stage bind"},
		{name: "blocking sockets only", option: sockopt.RcvTimeo.Value(time.Second), network: "tcp4", want: errors.ErrUnsupported, says: "SetReadDeadline"},
		{name: "blocking sockets only, any network", option: sockopt.SndTimeo.Value(time.Second), want: errors.ErrUnsupported, says: "SetWriteDeadline"},
		{name: "read only", option: sockopt.Type.Value(1), want: syscall.EINVAL, says: "read only"},
		{name: "below the range", option: sockopt.IPTTL.Value(-2), want: syscall.EINVAL, says: allowed("IP_TTL")},
		{name: "above the range", option: sockopt.IPTTL.Value(256), want: syscall.EINVAL, says: allowed("IP_TTL")},
		{name: "far above the range", option: sockopt.IPTTL.Value(math.MaxInt), want: syscall.EINVAL, says: allowed("IP_TTL")},
		{name: "a part of a second", option: sockopt.TCPKeepIdle.Value(1500 * time.Millisecond), want: syscall.EINVAL, says: allowed("TCP_KEEPIDLE")},
		{name: "too short", option: sockopt.TCPKeepIdle.Value(0), want: syscall.EINVAL, says: allowed("TCP_KEEPIDLE")},
		{name: "negative time that is not off", option: sockopt.Linger.Value(-5 * time.Second), want: syscall.EINVAL, says: allowed("SO_LINGER")},
		{name: "linger off", option: sockopt.Linger.Value(sockopt.LingerOff), network: "tcp"},
		{name: "another platform's", option: foreign, want: errors.ErrUnsupported, says: "does not have it"},
		{name: "another platform's on a network", option: foreign, network: "tcp4", want: errors.ErrUnsupported, says: "does not have it"},
		{name: "raw", option: raw},
		{name: "raw on any network", option: raw, network: "unixgram", stages: []sockopt.Stage{sockopt.Bind}},
		{name: "raw too late", option: raw, stages: []sockopt.Stage{sockopt.Established}, want: errors.ErrUnsupported, says: "only at stage bind"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := sockopt.Options{test.option}
			err := list.Check(test.network, test.stages...)
			preferred := sockopt.Options{sockopt.Prefer(test.option)}.Check(test.network, test.stages...)
			if test.want == nil {
				require.NoError(t, err)
				require.NoError(t, preferred)
				return
			}
			var e *sockopt.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, &sockopt.Error{Op: "set", Option: test.option.Name(), Value: test.option.ValueText(), Network: test.network, Err: e.Err}, e)
			require.ErrorIs(t, err, test.want)
			assert.ErrorContains(t, err, test.says)
			if test.want == errors.ErrUnsupported {
				require.NoError(t, preferred, "preferred")
			} else {
				require.ErrorIs(t, preferred, test.want, "a bad value is one, preferred or not")
			}
		})
	}
}

func TestCheckJoinsErrors(t *testing.T) {
	err := sockopt.Options{
		sockopt.Type.Value(1), sockopt.TCPNoDelay.Value(true), sockopt.Prefer(sockopt.UserCookie.Value(1)),
		sockopt.UserCookie.Value(7), sockopt.IPTTL.Value(256),
	}.Check("tcp")
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%T", err)
	var names []string
	for _, e := range joined.Unwrap() {
		names = append(names, e.(*sockopt.Error).Option)
	}
	assert.Equal(t, []string{"SO_TYPE", "SO_USER_COOKIE", "IP_TTL"}, names)
	require.NoError(t, sockopt.Options(nil).Check("tcp"))
}

// TestCheckSuperseded: a value that a later one replaces is not looked at, as when the list is applied.
func TestCheckSuperseded(t *testing.T) {
	list := sockopt.Options{sockopt.TCPKeepCnt.Value(-5), sockopt.TCPKeepCnt.Value(5)}
	require.NoError(t, list.Check("tcp"))
	require.ErrorIs(t, list[:1].Check("tcp"), syscall.EINVAL)
}
