package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab/labtest"
)

func TestTables(t *testing.T) {
	labtest.Need(t, "root", "ip")
	var out bytes.Buffer
	require.NoError(t, run(&out, []string{"-rounds=2", "-trip=10ms", "-clients=5"}))
	text := out.String()
	assert.Contains(t, text, ". 2 rounds, a round trip of 10ms.\n")
	assert.Regexp(t, `\| net.Dialer, then Write \| [\d.]+ms \| [\d.]+ \| [\d.]+-[\d.]+ \| 0 of 2 \|\n`, text)
	assert.Regexp(t, `\| net.Dialer with TCP_FASTOPEN_CONNECT, then Write \| .* \| 2 of 2 \|\n`, text)
	assert.Regexp(t, `\| dialer.New, then Write \| .* \| 0 of 2 \|\n`, text)
	assert.Regexp(t, `\| dialer.DialData \| .* \| 2 of 2 \|\n`, text)
	assert.Regexp(t, `\| 256 \| 5 of 5 \|\n$`, text)
}

func TestBadArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"-rounds=0":   {"-rounds=0"},
		"-trip=0s":    {"-trip=0s"},
		"-clients=0":  {"-clients=0"},
		"not defined": {"-what"},
	} {
		require.ErrorContains(t, run(&bytes.Buffer{}, args), want)
	}
}
