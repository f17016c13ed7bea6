//go:build !linux

package listener_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func TestMultipathOutsideLinux(t *testing.T) {
	_, err := listener.New(t.Context(), &listener.Config{Address: "127.0.0.1:0", Multipath: sockopt.MultipathRequire})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	on, reason := listener.Multipath(open(t, &listener.Config{Address: "127.0.0.1:0"}))
	assert.False(t, on)
	assert.ErrorIs(t, reason, errors.ErrUnsupported)
}
