package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab/labtest"
)

// TestMain lets this program be its own agent.
func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		main()
		return
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // agents end often, and the race detector lets each wait a second
	os.Exit(m.Run())
}

// Each way carries each kind of load for a moment.
func TestTable(t *testing.T) {
	labtest.Need(t, "root", "ip")
	var out bytes.Buffer
	folder := t.TempDir()
	require.NoError(t, run(&out, []string{
		"-time=50ms", "-flows=20", "-load=UDP, 1 |conns|idle", "-profile=" + folder,
	}))
	text := out.String()
	assert.Contains(t, text, ". 50ms a measurement, 20 idle flows.\n\n"+tableHead)
	for _, w := range ways {
		name := regexp.QuoteMeta(w.name)
		assert.Regexp(t, `\n\| UDP, 1 up \| `+name+` \| \d+ k/s \| [\d.]+ \| (-|[\d.]+ µs) \| [\d.]+ µs \| (-|\d+) \|\n`, text)
		assert.Regexp(t, `\n\| UDP, 1 down \| `+name+` \| \d+ k/s \|`, text)
		assert.Regexp(t, `\n\| conns, 16 at a time \| `+name+` \| [1-9]\d* /s \|`, text)
		if w.open != nil {
			assert.Regexp(t, `\n\| idle, 20 flows \| `+name+` \| -?[\d.]+ KiB a flow, -?[\d.]+ after a collection \|`, text)
		}
	}
	profiles, err := filepath.Glob(filepath.Join(folder, "*.cpu"))
	require.NoError(t, err)
	assert.NotEmpty(t, profiles)
}

// iperf3 takes a second at least, and is the same for all ways that it can be used for.
func TestStreams(t *testing.T) {
	labtest.Need(t, "root", "ip", "iperf3")
	var out bytes.Buffer
	require.NoError(t, run(&out, []string{"-time=50ms", "-load=TCP, 4 ", "-way=^copy, virtio|pipe$"}))
	assert.Regexp(t, `\n\| TCP, 4 up \| copy, virtio-net headers \| [\d.]+ Gbit/s \| 1.00 \| [\d.]+ s/GB \| [\d.]+ s/GB \| \d+ \|\n`, out.String())
	assert.Regexp(t, `\n\| TCP, 4 down \| gVisor: .* pipe \| [\d.]+ Gbit/s \| [\d.]+ \|`, out.String())
}

func TestBadArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"-time=0s":    {"-time=0s"},
		"-flows=0":    {"-flows=0"},
		"-way=(":      {"-way=("},
		"-load=(":     {"-load=("},
		"not defined": {"-what"},
	} {
		require.ErrorContains(t, run(&bytes.Buffer{}, args), want)
	}
}
