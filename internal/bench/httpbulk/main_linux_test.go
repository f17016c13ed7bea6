package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTables(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(&out, 1, 1<<20, "ours|HTTP/3|buffers 32|frames 1024|windows 2,", ways()[0].name))
	text := out.String()
	for _, want := range []string{
		"1 rounds of 1 MiB over TLS", "| download |", "| upload |", "| HTTP/2, net/http | 1.00 | 1.00-1.00 | 1.00 |",
		"| HTTP/2, ours |", "| HTTP/1.1, ours |", "| HTTP/3, quic-go |", "| HTTP/3, our client |", "| HTTP/3, our server |", "| HTTP/3, ours |", "| HTTP/1.1, buffers 32 KiB |", "| frames 1024 KiB |",
		"| frames 256 KiB, windows 2, 16 MiB |",
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "frames 64")
}

// TestFirst compares HTTP/3 with itself.
func TestFirst(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(&out, 1, 1<<20, "HTTP/3, ours", "HTTP/3, quic-go"))
	assert.Regexp(t, `\|---\|\n\| HTTP/3, quic-go \| 1.00 \| 1.00-1.00 \| 1.00 \| \S+ \| \d+\.\d\d \|\n\| HTTP/3, ours \|`, out.String())
	assert.NotContains(t, out.String(), "HTTP/2")
}

func TestBadArguments(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(&out, 1, 1, "(", ways()[0].name), "missing closing )")
	require.ErrorContains(t, run(&out, 0, 1, "", ways()[0].name), "-rounds=0")
	require.ErrorContains(t, run(&out, 1, 0, "", ways()[0].name), "-size=0")
	require.ErrorContains(t, run(&out, 1, 1, "", "neither"), "-first=\"neither\"")
	assert.Empty(t, out.String())
}
