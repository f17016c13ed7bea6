// Fromspec opens what a document of strata.v1 describes.
//
//	go run ./examples/fromspec -message ListenConfig listen.yaml
//
// echoes what its clients send.
//
//	go run ./examples/fromspec -message DialConfig dial.yaml 127.0.0.1:8080
//
// dials, sends a line and prints what comes back. Both print what the kernel made
// of each socket option. The exit status is 0 if all took effect, 1 if not, and 2
// for a bad command line or document.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

const usage = `usage: fromspec [-message ListenConfig] FILE
       fromspec -message DialConfig FILE ADDRESS
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run returns the exit status.
func run(ctx context.Context, args []string, out, diag io.Writer) int {
	flags := flag.NewFlagSet("fromspec", flag.ContinueOnError)
	flags.SetOutput(diag)
	flags.Usage = func() { fmt.Fprint(diag, usage) }
	message := flags.String("message", "ListenConfig", "")
	if flags.Parse(args) != nil {
		return 2
	}
	ctx, stop := context.WithCancel(ctx) // ends the following of files
	defer stop()
	var open func() error
	var err error
	switch {
	case *message == "ListenConfig" && flags.NArg() == 1:
		open, err = listen(ctx, flags.Arg(0), out, diag)
	case *message == "DialConfig" && flags.NArg() == 2:
		open, err = dial(ctx, flags.Arg(0), flags.Arg(1), out)
	default:
		flags.Usage()
		return 2
	}
	if err != nil {
		fmt.Fprintln(diag, err)
		return 2
	}
	if err := open(); err != nil {
		fmt.Fprintln(diag, err)
		return 1
	}
	return 0
}
