package document

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/strata-net/strata/spec"
)

// check returns everything that is wrong: what reading found, and what
// Options.Check says of the rest.
func (r *reader) check(m proto.Message, root *place) error {
	faults := r.faults()
	if r.Check == nil || r.over || slices.Contains(faults, "") { // too little was read
		return errors.Join(r.errs...)
	}
	source := &Source{file: r.file, root: root}
	for _, e := range spec.Errors(source.Locate(r.Check(m))) {
		if !slices.ContainsFunc(faults, func(path string) bool { return within(path, e.Path) || within(e.Path, path) }) {
			r.errs = append(r.errs, e)
		}
	}
	slices.SortStableFunc(r.errs, func(a, b error) int { return cmp.Compare(r.line(a), r.line(b)) })
	return errors.Join(r.cut()...)
}

// faults are the fields that reading found fault with, and those that unknown
// fields were probably meant for: what is said of them only follows.
func (r *reader) faults() []string {
	paths := slices.Clone(r.meant)
	for _, e := range spec.Errors(errors.Join(r.errs...)) {
		paths = append(paths, e.Path)
	}
	return paths
}

// within reports whether a field is parent, or inside of it.
func within(parent, path string) bool {
	rest, ok := strings.CutPrefix(path, parent)
	return ok && (rest == "" || parent == "" || rest[0] == '.' || rest[0] == '[')
}

// line is where an error stands in the document. Those of other files come last.
func (r *reader) line(err error) int {
	var e *spec.Error
	if !errors.As(err, &e) || e.File != r.file {
		return math.MaxInt
	}
	return e.Line
}

// cut bounds the errors, as fail does while the document is read.
func (r *reader) cut() []error {
	if len(r.errs) <= r.MaxErrors {
		return r.errs
	}
	var next *spec.Error
	errors.As(r.errs[r.MaxErrors], &next)
	return append(r.errs[:r.MaxErrors:r.MaxErrors], &spec.Error{File: next.File, Line: next.Line, Column: next.Column, Err: errMore})
}
