package main

import (
	"errors"
	"fmt"

	"github.com/strata-net/strata/spec"
)

// problems collects what is wrong with a document, so that one look at it finds
// all.
type problems struct{ list []*spec.Error }

// add notes what is wrong with a field, or inside of it if err has fields.
func (ps *problems) add(path string, err error) {
	ps.list = append(ps.list, spec.Errors(spec.At(path, err))...)
}

// addf notes what is wrong with a field.
func (ps *problems) addf(path, format string, args ...any) {
	ps.add(path, &spec.Error{Err: fmt.Errorf(format, args...)})
}

// bad notes a field's value that cannot be, and why.
func (ps *problems) bad(path, value string, err error) {
	if err != nil {
		ps.add(path, &spec.Error{Value: fmt.Sprintf("%q", value), Err: err})
	}
}

// at returns what is noted of an entry, with its path.
func (ps *problems) at(path string) entry { return entry{ps, path} }

// err returns all of it joined; nil is none.
func (ps *problems) err() error {
	errs := make([]error, len(ps.list))
	for i, e := range ps.list {
		errs[i] = e
	}
	return errors.Join(errs...)
}

// An entry is a part of a document and what is noted of it.
type entry struct {
	problems *problems
	path     string
}

// field returns an entry in this one.
func (e entry) field(name string) entry { return entry{e.problems, spec.Join(e.path, name)} }

func (e entry) add(field string, err error) { e.problems.add(spec.Join(e.path, field), err) }

func (e entry) addf(field, format string, args ...any) {
	e.problems.addf(spec.Join(e.path, field), format, args...)
}

func (e entry) bad(field, value string, err error) {
	e.problems.bad(spec.Join(e.path, field), value, err)
}
