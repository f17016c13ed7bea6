//go:build !linux && !windows && !darwin

package tun_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/tun"
)

func TestUnsupported(t *testing.T) {
	_, err := tun.Open(nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = tun.FromFD(0, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = tun.FromFile(nil, nil)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
