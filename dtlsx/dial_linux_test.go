package dtlsx_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/sockopt"
)

// An option that the kernel does not take as asked fails the dial, and closes the
// socket.
func TestDialOptionFails(t *testing.T) {
	noLeak(t)
	d, err := dtlsx.NewDialer(&dtlsx.DialConfig{Config: dtlsx.Config{TLS: clientTLS()}, LocalAddr: "203.0.113.1:0"})
	require.NoError(t, err)
	_, err = d.Dial("udp", "127.0.0.1:9")
	require.ErrorIs(t, err, syscall.EADDRNOTAVAIL)
	d, err = dtlsx.NewDialer(&dtlsx.DialConfig{
		Config: dtlsx.Config{TLS: clientTLS()}, Options: sockopt.Options{sockopt.RcvBuf.Value(1 << 30)},
	})
	require.NoError(t, err)
	_, err = d.Dial("udp", "127.0.0.1:9")
	var e *dtlsx.Error
	require.ErrorAs(t, errors.Unwrap(err), &e)
	assert.Equal(t, "set option", e.Op)
}
