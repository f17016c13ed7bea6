package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab/labtest"
	"github.com/strata-net/strata/internal/integration/ownspace"
)

var length = flag.Duration("for", time.Second, "`time` of load of TestEndurance; go test needs a -timeout above it")

func TestMain(m *testing.M) {
	if config := os.Getenv(asUpstream); config != "" {
		fmt.Fprintln(os.Stderr, "upstream:", serveUpstream(config))
		os.Exit(1)
	}
	if os.Getenv(asClock) != "" {
		tellTime()
		return
	}
	os.Exit(ownspace.Main(m, nil))
}

// TestEndurance injects each fault once, for a moment: the long form is the program. See docs/endurance.md.
func TestEndurance(t *testing.T) {
	labtest.Need(t, "root", "ip", "go")
	descriptors, err := descriptorsOf(os.Getpid())
	require.NoError(t, err)
	var out bytes.Buffer
	err = endure(options{length: *length, pace: 100 * time.Millisecond, seed: 1}, io.MultiWriter(&out, t.Output()))
	require.NoError(t, err)
	for _, f := range faults() {
		if f.name != "clock jumps" { // which not every processor can
			assert.Regexp(t, `\| `+f.name+` +\| 1 `, out.String())
		}
	}
	for _, l := range lanes() {
		assert.Regexp(t, `\| `+l.name+` +\| [1-9]\d* +\| [1-9]`, out.String())
	}
	require.Eventually(t, func() bool {
		now, err := descriptorsOf(os.Getpid())
		return err == nil && now <= descriptors
	}, bound, 10*time.Millisecond, "of this process")
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ args, diag string }{
		{"-for 0s", "-for=0s: want more than 0"},
		{"-pace 1us", "-pace=1µs: want 1ms to 5s"},
		{"-for 1m x", `unexpected argument "x"`},
		{"-four 1m", "flag provided but not defined: -four"},
	} {
		var diag bytes.Buffer
		_, err := parse(strings.Fields(tt.args), &diag)
		require.Error(t, err)
		assert.Contains(t, diag.String(), tt.diag)
	}
	o, err := parse(strings.Fields("-for 4h -seed 7 -race -fault dies"), io.Discard)
	require.NoError(t, err)
	assert.Equal(t, options{length: 4 * time.Hour, pace: 300 * time.Millisecond, seed: 7, race: true, only: "dies"}, o)
	_, err = parse([]string{"-h"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}

// What is back to the base, and what is not.
func TestWithin(t *testing.T) {
	base := sizes{Goroutines: 40, Heap: 3 << 20, descriptors: 20, rss: 30 << 20}
	assert.True(t, base.within(base))
	for _, change := range []func(*sizes){
		func(s *sizes) { s.Goroutines++ }, func(s *sizes) { s.descriptors++ },
		func(s *sizes) { s.Heap += heapMore + 1 }, func(s *sizes) { s.rss += rssMore + 1 },
	} {
		more := base
		change(&more)
		assert.False(t, more.within(base), more)
	}
}

// A gateway that is no good is told from one that is: each of these alone makes the run fail.
func TestLogbook(t *testing.T) {
	b := newLogbook()
	for _, part := range []string{"time=1 level=WARN msg=a\npan", "ic: oh\ntime=2 msg=request x\n", starving + "\n", "rest"} {
		_, err := io.WriteString(b, part)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, b.count("level=WARN"))
	assert.Equal(t, []string{"panic: oh"}, b.alarm())
	assert.Len(t, b.starving(), 1)
	assert.Equal(t, "time=1 level=WARN msg=a\npanic: oh\n"+starving, b.tail())
	for range 2 * keptLines {
		_, err := io.WriteString(b, "line\n")
		require.NoError(t, err)
	}
	assert.Len(t, strings.Split(b.tail(), "\n"), keptLines, "it is bounded")
}

var errOther = errors.New("other")
