// Package command runs the programs of this module that can be interrupted.
package command

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a program, whose context ends with the first interrupt or SIGTERM, and exits with
// the code that it returns.
func Main(run func(ctx context.Context, args []string, stdout, stderr io.Writer) int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
