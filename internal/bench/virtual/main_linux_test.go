package main

import (
	"bytes"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/turns"
)

// few are as quick as they can be.
var few = cases(8, []int{2, 4})

// TestTables lets each way of each case work for a moment, and looks for what it leaves behind.
func TestTables(t *testing.T) {
	before := runtime.NumGoroutine()
	var out bytes.Buffer
	require.NoError(t, turns.Main(&out, "virtual", []string{"-rounds=1", "-turn=20ms"}, few))
	text := out.String()
	for _, c := range few[:len(few)-1] {
		head := "| " + c.Name + " | " + c.Unit + "/s | ratio | middle half | CPU/" + c.Unit + " | ratio | middle half |"
		assert.Contains(t, text, head)
		for _, w := range c.Ways {
			assert.Regexp(t, regexp.QuoteMeta(head)+`\n[-|]+\n(?:\| .*\n)*\| `+regexp.QuoteMeta(w.Name)+` \| [\d.]+ \| \d`, text)
		}
	}
	for _, w := range ways {
		assert.Regexp(t, `\| idle pair of conns \| bytes \| ratio \| .*\n[-|]+\n(?:\| .*\n)*\| `+regexp.QuoteMeta(w.name)+` \| -?\d+ \| .* \| 8 \|\n`, text)
	}
	for end := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "goroutines are left")
	}
}

func TestOnlySomeWays(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, turns.Main(&out, "virtual", []string{"-rounds=1", "-turn=1ms", "-case=idle", "-way=^pipenet$"}, few))
	assert.Regexp(t, `(?s)\| loopback TCP \| .*\| pipenet \| `, out.String())
	assert.NotContains(t, out.String(), "net.Pipe")
	assert.NotContains(t, out.String(), "round trip")
}

// TestBound keeps the files and the memory of all pairs within what there is.
func TestBound(t *testing.T) {
	const many = 1 << 30
	for _, w := range ways {
		n, err := w.bound(many)
		require.NoError(t, err)
		if w.bytes == 0 && w.files == 0 {
			assert.Equal(t, many, n)
			continue
		}
		assert.Less(t, n, many, w.name)
		assert.Positive(t, n, w.name)
	}
}

func TestBadArguments(t *testing.T) {
	for want, arg := range map[string]string{"-rounds=0": "-rounds=0", "missing clos": "-case=(", "not defined": "-what"} {
		require.ErrorContains(t, run(&bytes.Buffer{}, []string{arg}), want)
	}
}
