//go:build unix

// Restart is an HTTP server that is replaced by a new version of itself without
// refusing or losing a request.
//
//	go run ./examples/restart -listen tcp://127.0.0.1:8080
//	kill -HUP PID
//
// On SIGHUP it starts its program again and passes its sockets on. Both accept
// from the same queue until the new process has said that it serves; from then
// on the old one only finishes what it has begun. If the new process does not
// get that far, the old one goes on as before. SIGTERM and SIGINT end it.
//
// It answers each request with its process number.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	if err := run(context.Background(), os.Args, signals, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	listen []string
	grace  time.Duration // for clients with a conn that they use again
	limit  time.Duration // for a new process to be ready, and for an old one to end
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Func("listen", "`address` to listen on, as listener.Config has it; may be repeated", func(s string) error {
		o.listen = append(o.listen, s)
		return nil
	})
	flags.DurationVar(&o.grace, "grace", time.Second, "how long conns are kept for a last request, after which they are closed")
	flags.DurationVar(&o.limit, "limit", 30*time.Second, "how long a new process may take to start, and an old one to finish")
	if err := flags.Parse(args[1:]); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected: %s", strings.Join(flags.Args(), " "))
	}
	if len(o.listen) == 0 {
		o.listen = []string{"tcp://127.0.0.1:8080"}
	}
	return o, nil
}

// run serves until a signal says to stop, or a successor has taken over.
func run(ctx context.Context, args []string, signals <-chan os.Signal, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	l, err := listen(ctx, o)
	if err != nil {
		return err
	}
	s := serve(l)
	fmt.Fprintf(out, "%d serves\n", os.Getpid())
	if err := sayReady(); err != nil { // from here on the predecessor may end
		return err
	}
	for {
		select {
		case err := <-s.failed:
			return err
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				if err := startSuccessor(ctx, args, l, o.limit); err != nil {
					fmt.Fprintf(out, "%d goes on: %v\n", os.Getpid(), err)
					continue
				}
			}
			err := s.drain(ctx, o)
			fmt.Fprintf(out, "%d ends\n", os.Getpid())
			return err
		}
	}
}
