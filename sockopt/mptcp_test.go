package sockopt_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/sockopt"
)

// The list is decided on before a socket is opened. An option that only other platforms have is their matter.
func TestRefusedByMPTCP(t *testing.T) {
	require.NoError(t, sockopt.Options(nil).RefusedByMPTCP())
	for info := range sockopt.All() {
		o, err := sockopt.Parse(info.Name + "=" + sample(info))
		if info.ReadOnly {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		refused := sockopt.Options{o}.RefusedByMPTCP()
		twin, _ := sockopt.Lookup(info.Twin)
		if !info.RefusedByMPTCP() && !twin.RefusedByMPTCP() {
			require.NoError(t, refused, info.Name)
			continue
		}
		var e *sockopt.Error
		require.ErrorAs(t, refused, &e, info.Name)
		assert.Equal(t, &sockopt.Error{Op: "set", Option: info.Name, Value: o.ValueText(), Network: "mptcp", Err: e.Err}, e)
		require.ErrorIs(t, refused, errors.ErrUnsupported)
		assert.ErrorContains(t, refused, "Multipath TCP")
	}
	require.NoError(t, sockopt.Options{sockopt.UserCookie.Value(1)}.RefusedByMPTCP())
	require.NoError(t, sockopt.Options{sockopt.IPv6Freebind.Value(true), sockopt.IPv6Transparent.Value(true)}.RefusedByMPTCP())
}

func TestRefusedByMPTCPJoinsErrors(t *testing.T) {
	err := sockopt.Options{sockopt.IPTTL.Value(9), sockopt.KeepAlive.Value(true), sockopt.IPv6UnicastHops.Value(9)}.RefusedByMPTCP()
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok, "%T", err)
	errs := joined.Unwrap()
	assert.Equal(t, "IP_TTL", errs[0].(*sockopt.Error).Option)
	assert.Equal(t, "IPV6_UNICAST_HOPS", errs[len(errs)-1].(*sockopt.Error).Option)
}

func TestInfoRefusedByMPTCP(t *testing.T) {
	for networks, want := range map[sockopt.Networks]bool{
		sockopt.TCP4: true, sockopt.TCP6: true, sockopt.TCP4 | sockopt.UDP4: true,
		sockopt.TCP4 | sockopt.TCP6 | sockopt.MPTCP: false, sockopt.UDP4: false, sockopt.Unix: false,
	} {
		assert.Equal(t, want, sockopt.Info{Networks: networks}.RefusedByMPTCP(), networks)
	}
}

func TestMultipathText(t *testing.T) {
	for want, m := range map[string]sockopt.Multipath{
		"default": sockopt.MultipathDefault, "off": sockopt.MultipathOff,
		"prefer": sockopt.MultipathPrefer, "require": sockopt.MultipathRequire, "unknown": 99,
	} {
		assert.Equal(t, want, m.String())
	}
}

// sample is a value in text form that the option takes.
func sample(info sockopt.Info) string {
	switch info.Kind {
	case sockopt.KindBool:
		return "true"
	case sockopt.KindString:
		return "lo"
	case sockopt.KindPortRange:
		return "40000-50000"
	case sockopt.KindLinger:
		return "off"
	}
	n := "1"
	if info.Range != nil {
		n = strconv.FormatInt(info.Range[len(info.Range)-1].Max, 10)
	}
	if info.Kind == sockopt.KindDuration {
		n += info.Unit
	}
	return n
}
