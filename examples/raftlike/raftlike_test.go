package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/virtnet/simnet"
)

// This test binary is the program when it is told to.
func TestMain(m *testing.M) {
	if os.Getenv("RAFTLIKE_TEST_PROGRAM") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// simulated runs a simulation in a bubble of its own.
func simulated(t *testing.T, s Simulation) (result *Result, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { result, err = s.Run(t.Context()) })
	return result, err
}

// An hour of virtual time, and the first seeds. Whoever finds one that fails runs the
// program with it and looks at the diagram.
func TestSimulation(t *testing.T) {
	for seed, hour := range []time.Duration{time.Hour, 5 * time.Minute} {
		s := Simulation{Seed: uint64(seed) + 1, Nodes: 5, For: hour}
		result, err := simulated(t, s)
		require.NoError(t, err, "go run ./examples/raftlike -seed %d -for %v", s.Seed, s.For)
		assert.Greater(t, result.Elections, 2)
		assert.Greater(t, result.Commands, 10)
		assert.Positive(t, result.Crashes)
		assert.Positive(t, result.Partings)
		assert.NotEmpty(t, slices.Collect(simnet.Filter(result.Net.Trace(), simnet.Between(hour-time.Minute, hour))))
	}
}

// The same seed has the same course, to the last packet.
func TestSimulationIsDeterministic(t *testing.T) {
	course := func(seed uint64, processors int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		var out bytes.Buffer
		file := filepath.Join(t.TempDir(), "log")
		synctest.Test(t, func(t *testing.T) {
			s := Simulation{Seed: seed, Nodes: 3, For: 4 * time.Minute}
			require.NoError(t, simulate(t.Context(), s, view{log: file}, &out))
		})
		log, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Greater(t, bytes.Count(log, []byte("\n")), 1000)
		return out.String() + string(log)
	}
	first := strings.SplitAfter(course(11, 1), "\n")
	for _, processors := range []int{2, 8} {
		again := strings.SplitAfter(course(11, processors), "\n")
		for i, line := range first[:min(len(first), len(again))] {
			require.Equal(t, line, again[i], "line %d with %d processors", i+1, processors)
		}
		require.Len(t, again, len(first))
	}
	assert.NotEqual(t, first[len(first)-2], strings.SplitAfter(course(12, 1), "\n")[len(first)-2])
}

// Nodes that take two votes of five for enough lose entries, and the checker sees it.
func TestSimulationFindsViolations(t *testing.T) {
	for seed := uint64(15); seed < 100; seed++ { // nine of ten seeds do
		s := Simulation{Seed: seed, Nodes: 5, For: 10 * time.Minute, Quorum: 2}
		var out bytes.Buffer
		var err error
		synctest.Test(t, func(t *testing.T) {
			err = simulate(t.Context(), s, view{arrows: 10}, &out)
		})
		if err == nil {
			continue
		}
		require.True(t, violated(err), err)
		assert.Contains(t, err.Error(), "the same again: -seed ")
		assert.Contains(t, out.String(), "client")
		return
	}
	t.Fatal("nothing was found")
}

func TestSimulationShows(t *testing.T) {
	dir := t.TempDir()
	v := view{arrows: 5, mermaid: filepath.Join(dir, "m"), pcapng: filepath.Join(dir, "p"), log: filepath.Join(dir, "l")}
	var out bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, simulate(t.Context(), Simulation{Seed: 1, Nodes: 5, For: 5 * time.Minute}, v, &out))
	})
	assert.Contains(t, out.String(), "seed 1: 5 nodes for 5m0s\n")
	assert.Contains(t, out.String(), "---- propose c1 ---")
	for name, begins := range map[string]string{v.mermaid: "sequenceDiagram\n    participant p0 as client\n", v.pcapng: "\n\r\r\n", v.log: "0.0"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), begins), name)
	}
	v.log = filepath.Join(dir, "no", "l")
	synctest.Test(t, func(t *testing.T) {
		err := simulate(t.Context(), Simulation{Seed: 1, Nodes: 1, For: 3 * time.Minute}, v, &out)
		assert.ErrorIs(t, err, os.ErrNotExist)
		assert.False(t, violated(err), "one node is a cluster too: %v", err)
	})
}
