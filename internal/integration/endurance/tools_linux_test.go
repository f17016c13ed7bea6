package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/bench/lab/labtest"
)

// asClock makes the test binary print the time for each line that it reads.
const asClock = "STRATA_ENDURANCE_CLOCK"

func tellTime() {
	for {
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return
		}
		begun := time.Now()
		time.Sleep(time.Millisecond)
		fmt.Fprintln(os.Stdout, time.Now().Unix(), time.Since(begun) > 0 && time.Since(begun) < time.Minute)
	}
}

// The clock of one process jumps, there and back; what it measures by the monotonic clock does not, and neither does the
// clock of anybody else.
func TestClock(t *testing.T) {
	labtest.Need(t, "root")
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/proc/self/exe") // it ends by its input
	cmd.Env = append(os.Environ(), asClock+"=1")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		assert.NoError(t, cmd.Wait())
	})
	now := func() time.Duration {
		_, err := in.Write([]byte{'\n'})
		require.NoError(t, err)
		var seconds int64
		var sane bool
		_, err = fmt.Fscan(out, &seconds, &sane)
		require.NoError(t, err)
		assert.True(t, sane, "the monotonic clock is what it was")
		return time.Until(time.Unix(seconds, 0))
	}
	assert.Less(t, now().Abs(), bound)
	require.NoError(t, suspend(cmd.Process.Pid))
	c, err := newClock(cmd.Process.Pid)
	require.NoError(t, resume(cmd.Process.Pid))
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer c.close()
	for _, by := range []time.Duration{0, time.Hour, -48 * time.Hour, 0} {
		require.NoError(t, c.shift(by))
		assert.Less(t, (now() - by).Abs(), bound)
	}
}

// A cgroup counts what a process has, and goes with it.
func TestMemoryCap(t *testing.T) {
	labtest.Need(t, "root")
	c, err := newCap()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	defer c.close()
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	require.NoError(t, cmd.Start())
	require.NoError(t, c.take(cmd.Process.Pid))
	for _, limit := range []int64{128 << 20, 64 << 20, -1} {
		require.NoError(t, c.set(limit))
	}
	_, err = c.used()
	require.NoError(t, err)
	_, err = c.most()
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // says that it was killed
	c.close()
	assert.NoDirExists(t, c.dir)
}

func TestProc(t *testing.T) {
	state, err := stateOf(os.Getpid())
	require.NoError(t, err)
	assert.Contains(t, "RS", string(state))
	rss, err := statusOf(os.Getpid(), "VmRSS")
	require.NoError(t, err)
	assert.Greater(t, rss, int64(1<<20))
	_, err = statusOf(os.Getpid(), "VmNone")
	require.ErrorContains(t, err, "has no VmNone")
	_, err = stateOf(1 << 30)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = statusOf(1<<30, "VmRSS")
	require.ErrorIs(t, err, os.ErrNotExist)
}
