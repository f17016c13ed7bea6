package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// report prints a table, and returns what failed.
func report(w io.Writer, all []*target) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "target\tcommitted\tinputs\tkept\tresult")
	var errs []error
	inputs := 0
	for _, t := range all {
		result := "ok"
		if t.err != nil {
			result = "FAILED"
			errs = append(errs, fmt.Errorf("%s: %w", t, t.err))
		}
		inputs += t.inputs
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\n", t, t.committed(), t.inputs, t.kept, result)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%d targets, %d inputs, %d failed\n", len(all), inputs, len(errs))
	return errors.Join(errs...)
}

// committed counts the inputs in testdata/fuzz.
func (t *target) committed() int {
	entries, _ := os.ReadDir(filepath.Join(t.pkg.Dir, "testdata", "fuzz", t.name))
	return len(entries)
}
