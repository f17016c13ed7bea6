//go:build !linux

package tun_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/tunx/tun"
)

// TestLinuxOnly: the fields that only Linux has are refused, each by its name.
func TestLinuxOnly(t *testing.T) {
	id := uint32(7)
	_, err := tun.Open(&tun.Config{Netns: "n", Persistent: true, Owner: &id, Group: &id, Queues: 2})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	for _, want := range []string{
		`Netns="n": this field`, "Persistent=true: this field", "Owner=7: this field", "Group=7: this field",
		"Queues=2: more than one queue",
	} {
		assert.ErrorContains(t, err, "tun: config: "+want+" on "+runtime.GOOS+": unsupported operation")
	}
}
