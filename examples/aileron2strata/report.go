package main

import (
	"fmt"
	"io"
	"slices"
)

// A finding is what a user has to know of one field.
type finding struct {
	line      int // of the input, 0 if there is none
	path, why string
	lost      bool // otherwise all is as it was
}

// report collects findings.
type report struct {
	name string
	list []finding
}

func (r *report) add(line int, path, why string, lost bool) {
	r.list = append(r.list, finding{line: line, path: path, why: why, lost: lost})
}

func (r *report) lossy() bool {
	return slices.ContainsFunc(r.list, func(f finding) bool { return f.lost })
}

// print writes a line for each, in the order of the input.
func (r *report) print(w io.Writer) {
	slices.SortStableFunc(r.list, func(a, b finding) int { return a.line - b.line })
	for _, f := range r.list {
		kind := "note"
		if f.lost {
			kind = "lost"
		}
		place := r.name
		if f.line > 0 {
			place += fmt.Sprintf(":%d", f.line)
		}
		fmt.Fprintf(w, "%s: %s: %s: %s\n", place, kind, f.path, f.why)
	}
}
