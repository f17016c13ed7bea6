package dialer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// Check says what New says, for what only New can know too.
func TestCheck(t *testing.T) {
	require.NoError(t, (*dialer.Config)(nil).Check())
	require.NoError(t, (&dialer.Config{LocalAddr: "127.0.0.1:0", Timeout: time.Second}).Check())
	for _, c := range []*dialer.Config{
		{Timeout: -1, LocalAddr: "localhost:1", Family: 9},
		{Options: sockopt.Options{sockopt.TCPDeferAccept.Value(time.Second)}},
		{LocalAddr: "tcp4://127.0.0.1:0", Rewrites: []dialer.Rewrite{{FromNetwork: "tcp", FromAddress: "a:1", ToNetwork: "unix", ToAddress: "/x"}}},
	} {
		_, err := dialer.New(c)
		require.Error(t, err)
		assert.EqualError(t, c.Check(), err.Error())
	}
}
