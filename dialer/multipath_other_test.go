//go:build !linux

package dialer_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func TestMultipathOutsideLinux(t *testing.T) {
	_, err := dialer.New(&dialer.Config{Multipath: sockopt.MultipathRequire})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	on, reason := dialer.Multipath(newDialer(t, &dialer.Config{Multipath: sockopt.MultipathPrefer}))
	assert.False(t, on)
	assert.ErrorIs(t, reason, errors.ErrUnsupported)
}
