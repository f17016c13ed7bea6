package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the command line says and returns the exit status.
func run(ctx context.Context, args []string, out, diag io.Writer) int {
	f, err := parseFlags(args, diag)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	log := slog.New(slog.NewTextHandler(diag, &slog.HandlerOptions{Level: f.level}))
	switch {
	case f.check != "":
		return checkFile(f.check, f.environment(), out)
	case f.demo:
		err = demo(ctx, out, log)
	default:
		err = runGateway(ctx, f, log)
	}
	if err != nil {
		fmt.Fprintln(diag, err)
		return 1
	}
	return 0
}
