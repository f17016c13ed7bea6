package main

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))

	buffer := "65536"
	if runtime.GOOS == "linux" {
		buffer = "131072" // socket(7), SO_RCVBUF: the kernel doubles the value
	}
	assert.Equal(t, "asked for SO_RCVBUF=65536, the kernel says "+buffer+"\n"+
		"asked for TCP_KEEPIDLE=30s, the kernel says 30s\n", out.String())
}

// The README's only Go block is this program, without its package comment.
func TestReadme(t *testing.T) {
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	_, program, ok := strings.Cut(string(source), "\npackage main\n")
	require.True(t, ok)

	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	blocks := strings.Split(string(readme), "```go\n")
	require.Len(t, blocks, 2, "Go blocks in README.md")
	block, _, ok := strings.Cut(blocks[1], "```\n")
	require.True(t, ok, "the Go block in README.md has no end")

	assert.Equal(t, "package main\n"+program, block)
}
