package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

const dialTimeout = 10 * time.Second

// probe dials with options and prints what became of them.
func probe(ctx context.Context, out io.Writer, network, address, list string) error {
	options, err := sockopt.ParseList(list)
	if err != nil {
		return usageError{err}
	}
	d, err := dialer.New(&dialer.Config{Timeout: dialTimeout, Options: options})
	if err != nil {
		return usageError{err}
	}
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return blame(err)
	}
	defer conn.Close()
	fmt.Fprintf(out, "%s %s to %s\n\n", conn.LocalAddr().Network(), conn.LocalAddr(), conn.RemoteAddr())
	socket := conn.(syscall.Conn) // every conn of package net is one
	results := options.Report(socket)
	differ := printReport(out, results)
	if _, ok := conn.(*net.TCPConn); ok {
		printMetrics(out, socket)
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d options did not take effect", differ, len(results))
	}
	return nil
}

// printReport returns how many options did not take effect.
func printReport(out io.Writer, results []sockopt.Result) (differ int) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OPTION\tWANTED\tGOT\tVERDICT")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Option.Name(), r.Option.ValueText(), dash(r.Got), verdict(r))
		if r.Err != nil && !lacking(r) {
			differ++
		}
	}
	w.Flush()
	return differ
}

func verdict(r sockopt.Result) string {
	switch {
	case lacking(r):
		return "lacking: " + cause(r.Err)
	case r.Err != nil:
		return "DIFFERS: " + cause(r.Err)
	case r.Note != "":
		return r.Note
	}
	return "ok"
}

// lacking reports whether a preferred option is one that this socket does not have.
func lacking(r sockopt.Result) bool {
	return r.Option.Preferred() && errors.Is(r.Err, errors.ErrUnsupported)
}

// cause leaves out what the columns say already.
func cause(err error) string {
	if e, ok := errors.AsType[*sockopt.Error](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
