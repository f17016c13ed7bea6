//go:build !linux

package link_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/link"
)

func TestUnsupported(t *testing.T) {
	_, err := link.Setup(&link.Config{Name: "tun0"})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "link: setup tun0: addresses and routes on ")
}
