package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/turns"
)

// TestTables lets each way of each case work for a moment. With the race detector all but 0-RTT: quic-go reads the peer's
// parameters for a new stream without a lock, while the handshake sets them.
func TestTables(t *testing.T) {
	all := cases()
	if raceDetector {
		all = slices.DeleteFunc(all, func(c turns.Case) bool { return c.Name == "0-RTT" })
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = regexp.QuoteMeta(c.Name)
	}
	var out bytes.Buffer
	require.NoError(t, run(&out, []string{"-rounds=1", "-turn=20ms", "-case=^(" + strings.Join(names, "|") + ")$"}))
	text := out.String()
	assert.Contains(t, text, ". 1 rounds of 20ms.\n")
	for _, c := range all {
		head := "| " + c.Name + " | " + c.Unit + "/s | ratio | middle half | CPU/" + c.Unit + " | ratio | middle half |"
		assert.Contains(t, text, head)
		for _, w := range c.Ways {
			assert.Regexp(t, regexp.QuoteMeta(head)+`(?: lost \|)?\n[-|]+\n(?:\| .*\n)*\| `+regexp.QuoteMeta(w.Name)+` \| [\d.]+ \| \d`, text)
		}
	}
	assert.Empty(t, os.Getenv("QUIC_GO_DISABLE_GSO"), "what one way is told is not left to the others")
}

func TestBadArguments(t *testing.T) {
	for want, arg := range map[string]string{
		"-rounds=0": "-rounds=0", "-turn=1µs": "-turn=1us", "missing clos": "-case=(", "missing closing": "-way=(", "not defined": "-what",
	} {
		require.ErrorContains(t, run(&bytes.Buffer{}, []string{arg}), want)
	}
}
