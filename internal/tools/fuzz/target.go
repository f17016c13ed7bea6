package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// A target is a fuzz target and what came of it.
type target struct {
	pkg     *pkg
	name    string
	program string

	inputs int // that were tried
	kept   int // that were copied to testdata/fuzz
	err    error
}

func (t *target) String() string { return t.pkg.ImportPath + "." + t.name }

// maxEnd is how long a target may take to end when it is interrupted: one input at most.
const maxEnd = time.Minute

var errNoInput = errors.New("it tried no input")

var tried = regexp.MustCompile(`execs: (\d+)`)

// run runs the target for its time, and again for longer if that was not enough to try an
// input: other programs may have had the processors.
func (t *target) run(ctx context.Context, s settings) error {
	const tries, more = 3, 3
	err := t.try(ctx, s)
	for range tries - 1 {
		if !errors.Is(err, errNoInput) {
			break
		}
		s.time *= more
		err = t.try(ctx, s)
	}
	return err
}

func (t *target) try(ctx context.Context, s settings) error {
	t.inputs = 0
	inputs, err := os.MkdirTemp(s.temp, t.name)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	cmd := exec.CommandContext(limited, t.program, "-test.run=^$", "-test.fuzz=^"+t.name+"$", "-test.fuzzcachedir="+inputs,
		"-test.fuzzminimizetime=100x", "-test.parallel=1", "-test.timeout=0", "-test.paniconexit0")
	cmd.Dir = t.pkg.Dir
	cmd.Env = append(os.Environ(), "PWD="+t.pkg.Dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = maxEnd
	out, err := cmd.CombinedOutput()
	if !errors.Is(limited.Err(), context.DeadlineExceeded) && err == nil {
		err = errors.New("it ended by itself")
	}
	if !errors.Is(limited.Err(), context.DeadlineExceeded) || !ended(err) {
		return fmt.Errorf("%w\n%s", err, out)
	}
	for _, m := range tried.FindAllSubmatch(out, -1) {
		t.inputs, _ = strconv.Atoi(string(m[1]))
	}
	if t.inputs == 0 {
		return fmt.Errorf("%w\n%s", errNoInput, out)
	}
	t.kept, err = keep(filepath.Join(inputs, t.name), filepath.Join(t.pkg.Dir, "testdata", "fuzz", t.name), s.keep)
	if err == nil && t.committed() == 0 {
		err = errNoCorpus
	}
	return err
}

// ended reports whether a program has taken the interrupt for its end. A failure has a
// status. Before and behind the fuzzer's own handler it dies of the interrupt, which is an
// end as well.
func ended(err error) bool {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.String() == "signal: "+os.Interrupt.String()
	}
	return err == nil || errors.Is(err, context.DeadlineExceeded)
}
