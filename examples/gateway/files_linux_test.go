package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// openFiles returns how many descriptors this process has.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
