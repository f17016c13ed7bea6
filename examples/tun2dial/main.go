package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the command line says and returns the exit status: that of the
// program that ran, if there was one.
func run(ctx context.Context, args []string, out, diag io.Writer) int {
	f, err := parseFlags(args, diag)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case f.demo:
		err = demo(ctx, out, f.size<<20)
	case f.rootless:
		err = runRootless(ctx, f, out, diag)
	default:
		err = runTunnel(ctx, f, out, diag)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(diag, "tun2dial:", err)
		return 1
	}
	return 0
}
