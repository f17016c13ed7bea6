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
	require.NoError(t, run(&out, []string{"-rounds", "1", "-turn", "40ms", "-clients", "3"}))
	text := out.String()
	assert.Contains(t, text, ". 1 rounds of 40ms, 3 clients.\n")
	assert.Len(t, regexp.MustCompile(`(?m)^\| HTTP/\S+.* \| requests/s \|`).FindAllString(text, -1), 7)
	assert.Len(t, regexp.MustCompile(`(?m)^\| [^|]+ \| \d+ \| \d+\.\d\d \| [\d.]+-[\d.]+ \| \S+ \| \d+\.\d\d \| \S+ \| \d+\.\d{3} \|$`).FindAllString(text, -1), 22)
}

func TestBadArguments(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(&out, []string{"-rounds=0"}), "-rounds=0")
	require.ErrorContains(t, run(&out, []string{"-case=("}), "missing closing )")
	require.Error(t, run(&out, []string{"-wrong"}))
}
