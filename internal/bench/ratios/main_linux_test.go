package main

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTables(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(&out, 3, "options=10$|^accept,"))
	text := out.String()
	assert.Contains(t, text, ". 3 rounds.\n")
	for _, name := range []string{"Control, options=10", "dial, accept, close, options=10", "accept, options=4"} {
		assert.Contains(t, text, "| "+name+" | ratio | middle half | time | objects |\n")
	}
	assert.NotContains(t, text, "options=5")
	assert.Len(t, regexp.MustCompile(`(?m)\| 1\.00 \| 1\.00-1\.00 \|`).FindAllString(text, -1), 3,
		"each table begins with what the rest is compared with")
	assert.Regexp(t, `\| Options.Control \| \d+\.\d\d \| \d+\.\d\d-\d+\.\d\d \| [\d.]+(ns|µs|ms) \| \d+ \|\n`, text)
}

func TestBadArguments(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(&out, 1, "("), "missing closing )")
	require.ErrorContains(t, run(&out, 0, ""), "-rounds=0")
	assert.Empty(t, out.String())
}
