package main

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTables lets each way of each case work for a moment.
func TestTables(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(&out, []string{"-rounds=1", "-turn=20ms"}))
	text := out.String()
	assert.Contains(t, text, ". 1 rounds of 20ms.\n")
	for _, c := range cases() {
		head := "| " + c.Name + " | " + c.Unit + "/s | ratio | middle half | CPU/" + c.Unit + " | ratio | middle half |"
		assert.Contains(t, text, head)
		for _, w := range c.Ways {
			assert.Regexp(t, regexp.QuoteMeta(head)+`(?: lost \|)?\n[-|]+\n(?:\| .*\n)*\| `+regexp.QuoteMeta(w.Name)+` \| [\d.]+ \| \d`, text)
		}
	}
}

func TestBadArguments(t *testing.T) {
	for want, arg := range map[string]string{
		"-rounds=0": "-rounds=0", "-turn=1µs": "-turn=1us", "missing clos": "-case=(", "missing closing": "-way=(", "not defined": "-what",
	} {
		require.ErrorContains(t, run(&bytes.Buffer{}, []string{arg}), want)
	}
}
