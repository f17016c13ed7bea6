package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// grace is how long a program has to end by itself when this one is told to stop.
const grace = 5 * time.Second

// A place is where a program runs: a namespace, or beside this one.
type place interface{ do(f func() error) error }

// runProgram runs a program with more variables in its environment. It ends by
// itself or, when the context does, by an interrupt.
func runProgram(ctx context.Context, where place, args, env []string, out, diag io.Writer) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // what the command line says
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, diag
	cmd.WaitDelay = grace
	cmd.Cancel = func() error { return interrupt(cmd.Process) }
	if err := where.do(cmd.Start); err != nil {
		return fmt.Errorf("start %s: %w", args[0], err)
	}
	return cmd.Wait()
}

// here is the place where this program is.
type here struct{}

func (here) do(f func() error) error { return f() }

// Close does nothing.
func (here) Close() error { return nil }

// An openedPlace is one that has to be closed.
type openedPlace interface {
	place
	io.Closer
}
