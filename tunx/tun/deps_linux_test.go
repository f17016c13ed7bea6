package tun_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDeps: a program for Linux links neither the library that the others need, nor a
// network stack.
func TestDeps(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "github.com/strata-net/strata/tunx/...").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "github.com/vishvananda/netlink")
	for _, other := range []string{"golang.zx2c4.com", "gvisor.dev"} {
		assert.NotContains(t, string(out), other)
	}
}
