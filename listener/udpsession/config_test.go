package udpsession_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/sockopt"
)

func TestEveryBadFieldIsReported(t *testing.T) {
	noLeak(t)
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	_, err := udpsession.Listen(t.Context(), &udpsession.Config{
		Address: "127.0.0.1:70000", Options: sockopt.Options{sockopt.RcvBuf.Value(-1)},
		Allow: []netip.Prefix{prefix, {}}, Deny: []netip.Prefix{netip.MustParsePrefix("::ffff:0:0/90")},
		MaxSessions: -1, MaxSessionsPerSource: -2, SourceBits4: 33, SourceBits6: 129, OnFull: 2,
		IdleTimeout: -time.Second, MaxAge: -time.Minute, Queue: -3, QueueBytes: -4, MaxBytes: -5, Backlog: -6,
	})
	require.Error(t, err)
	for _, want := range []string{
		"Address=127.0.0.1:70000: port \"70000\" is not a number from 0 to 65535",
		"Options=SO_RCVBUF=-1: ",
		"Allow[1]=invalid Prefix: ", "Deny[0]=::ffff:0.0.0.0/90: ",
		"MaxSessions=-1: must not be negative", "MaxSessionsPerSource=-2: must not be negative",
		"SourceBits4=33: must not be above 32", "SourceBits6=129: must not be above 128",
		"OnFull=2: must be Refuse or EvictIdle",
		"IdleTimeout=-1s: must not be negative", "MaxAge=-1m0s: must not be negative",
		"Queue=-3: must not be negative", "QueueBytes=-4: must not be negative",
		"MaxBytes=-5: must not be negative", "Backlog=-6: must not be negative",
	} {
		assert.ErrorContains(t, err, "udpsession: config: "+want)
	}
	assert.NotContains(t, err.Error(), "Allow[0]")
	for line := range strings.Lines(err.Error()) {
		assert.True(t, strings.HasPrefix(line, "udpsession: "), line)
	}
	assert.Equal(t, "config", failure(t, err).Op)
}

func TestABadSocketIsReported(t *testing.T) {
	for want, c := range map[string]*udpsession.Config{
		"udpsession: config: Address: must be set": nil,
		"unknown network":                          {Address: "tcp://127.0.0.1:0"},
		"udpsession: config: Backlog=-1":           {Address: "127.0.0.1:0", Backlog: -1},
	} {
		_, err := udpsession.Listen(t.Context(), c)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "context")
		assert.Equal(t, "config", failure(t, err).Op)
	}
}

func TestConfigIsNotChanged(t *testing.T) {
	make4 := func() udpsession.Config {
		return udpsession.Config{
			Address: "127.0.0.1:0", Options: sockopt.Options{sockopt.RcvBuf.Value(65536)},
			Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8")}, Deny: []netip.Prefix{netip.MustParsePrefix("::ffff:1.2.3.4/128")},
		}
	}
	c := make4()
	l, err := udpsession.Listen(t.Context(), &c)
	require.NoError(t, err)
	defer l.Close()
	assert.Equal(t, make4(), c)
	c.Allow[0] = netip.MustParsePrefix("1.1.1.1/32") // nor does the listener see a change
	pair(t, l)
}

func TestOptionsAreInForce(t *testing.T) {
	l := open(t, udpsession.Config{Options: sockopt.Options{sockopt.RcvBuf.Value(100000)}})
	assert.NoError(t, sockopt.Options{sockopt.RcvBuf.Value(100000)}.Verify(l))
}

func TestAContextThatHasEnded(t *testing.T) {
	noLeak(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := udpsession.Listen(ctx, &udpsession.Config{Address: "127.0.0.1:0"})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "listen", failure(t, err).Op)
	_, err = udpsession.Listen(noContext, &udpsession.Config{Address: "127.0.0.1:0"})
	assert.Equal(t, "listen", failure(t, err).Op)
}

func TestAddressInUse(t *testing.T) {
	noLeak(t)
	l := open(t, udpsession.Config{})
	_, err := udpsession.Listen(t.Context(), &udpsession.Config{Address: l.Addr().String()})
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	assert.Equal(t, "listen", failure(t, err).Op)
	assert.Contains(t, err.Error(), l.Addr().String())
	assert.False(t, failure(t, err).Timeout())
	assert.False(t, failure(t, err).Temporary())
}
