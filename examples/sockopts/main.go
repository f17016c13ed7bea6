// Sockopts shows socket options.
//
//	go run ./examples/sockopts
//
// prints the options of this platform, with the values that new sockets have.
//
//	go run ./examples/sockopts tcp 127.0.0.1:8080 'TCP_KEEPIDLE=30s,SO_RCVBUF=65536'
//
// dials with options and prints what the kernel made of each. The exit status
// is 0 if all took effect, 1 if not, and 2 for a bad command line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"

	"github.com/strata-net/strata/dialer"
)

const usage = `usage: sockopts                            the options of this platform
       sockopts NETWORK ADDRESS OPTIONS    dial with options and verify them

       sockopts tcp 127.0.0.1:8080 'TCP_KEEPIDLE=30s,SO_RCVBUF=65536,TCP_USER_TIMEOUT?=5s'

An option whose name ends in ? may be lacking.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run does what the command line says and returns the exit status.
func run(ctx context.Context, args []string, out, diag io.Writer) int {
	var err error
	switch len(args) {
	case 0:
		err = printTable(ctx, out)
	case 3:
		err = probe(ctx, out, args[0], args[1], args[2])
	default:
		err = usageError{fmt.Errorf("%d arguments", len(args))}
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(diag, err)
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprint(diag, "\n", usage)
		return 2
	}
	return 1
}

// usageError is a mistake on the command line.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// blame finds out whether the command line is the reason for a dialer's error.
func blame(err error) error {
	e, ok := errors.AsType[*dialer.Error](err)
	_, network := errors.AsType[net.UnknownNetworkError](err)
	_, address := errors.AsType[*net.AddrError](err)
	if ok && e.Field != "" || network || address {
		return usageError{err}
	}
	return err
}
