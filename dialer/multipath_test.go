package dialer_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func TestMultipathOfAnotherDialer(t *testing.T) {
	on, reason := dialer.Multipath(&net.Dialer{})
	assert.False(t, on)
	assert.EqualError(t, reason, "dialer: *net.Dialer is not a dialer of this package")
}

func TestMultipathOutsideLinux(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("Linux has MPTCP")
	}
	_, err := dialer.New(&dialer.Config{Multipath: sockopt.MultipathRequire})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	on, reason := dialer.Multipath(newDialer(t, &dialer.Config{Multipath: sockopt.MultipathPrefer}))
	assert.False(t, on)
	assert.ErrorIs(t, reason, errors.ErrUnsupported)
}
