package listener_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestExclusiveOnWindows(t *testing.T) {
	exclusive := sockopt.Prefer(sockopt.ExclusiveAddrUse.Value(true))
	noDelay := sockopt.TCPNoDelay.Value(true)
	for _, test := range []struct{ given, want sockopt.Options }{
		{nil, sockopt.Options{exclusive}},
		{sockopt.Options{noDelay}, sockopt.Options{noDelay, exclusive}},
		{sockopt.Options{sockopt.ReuseAddr.Value(false)}, sockopt.Options{sockopt.ReuseAddr.Value(false)}},
		{sockopt.Options{sockopt.ExclusiveAddrUse.Value(false)}, sockopt.Options{sockopt.ExclusiveAddrUse.Value(false)}},
	} {
		got, err := listener.Exclusive(test.given)
		require.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
	for _, reuse := range []sockopt.Option{sockopt.ReuseAddr.Value(true), sockopt.Prefer(sockopt.ReuseAddr.Value(true))} {
		_, err := listener.Exclusive(sockopt.Options{noDelay, reuse})
		assert.ErrorContains(t, err, "SO_EXCLUSIVEADDRUSE")
	}
}
