package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The repository's README holds this program, without its package comment, and no
// other Go code.
func TestReadme(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	page, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, program, ok := strings.Cut(string(source), "\npackage main\n")
	require.True(t, ok)
	assert.Contains(t, string(page), "\n```go\npackage main\n"+program+"```\n")
	assert.Equal(t, 1, strings.Count(string(page), "\n```go\n"))
}
