//go:build !linux

package dialer_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/dialer"
)

func TestNetnsOutsideLinux(t *testing.T) {
	_, err := dialer.New(&dialer.Config{Netns: "name"})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, "Netns", failure(t, err).Field)
}
