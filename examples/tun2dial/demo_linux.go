package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
)

// programs are what the demo runs.
var programs = []string{"curl", "dig", "ping", "microsocks"}

// demo tries every way with every client, prints a table and says what did not work.
func demo(ctx context.Context, out io.Writer, size int64) (err error) {
	if err := lookPrograms(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "tun2dial")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	w, err := newWorld(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	var trials []*trial
	for _, a := range w.attempts() {
		done, err := a.run(ctx, w, size)
		trials = append(trials, done...)
		if err != nil {
			return errors.Join(fmt.Errorf("demo: %s: %w", a.name, err), writeTrials(out, trials))
		}
	}
	errs := []error{writeTrials(out, trials), ctx.Err()}
	for _, t := range trials {
		errs = append(errs, t.err())
	}
	return errors.Join(errs...)
}

// lookPrograms says which programs are missing.
func lookPrograms() error {
	var errs []error
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// writeTrials prints the table.
func writeTrials(out io.Writer, trials []*trial) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	head := []string{"WAY", "IP"}
	for _, c := range checks {
		head = append(head, c.name)
	}
	fmt.Fprintln(w, strings.Join(append(head, "FLOWS"), "\t"))
	for _, t := range trials {
		fmt.Fprintln(w, strings.Join(append([]string{t.way, t.version}, append(t.cells, t.flows)...), "\t"))
	}
	return w.Flush()
}
