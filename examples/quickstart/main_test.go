package main

import (
	"bytes"
	"runtime"
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
