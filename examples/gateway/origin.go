package main

import (
	"errors"
	"strings"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
)

// origins say where in the file the fields of a module's Config come from, so
// that what the module finds wrong with it has a line. An element of a list has
// an index behind the field: "Rewrites[2]".
type origins map[string]place

// from returns a taker that also remembers which field a value is for.
func (o origins) from(field string, take func(value)) func(value) {
	return func(v value) {
		o[field] = v.at()
		take(v)
	}
}

// of returns where a field comes from; an element of a list that has no place of
// its own has that of the list.
func (o origins) of(field string) (place, bool) {
	if at, ok := o[field]; ok {
		return at, true
	}
	list, _, _ := strings.Cut(field, "[")
	at, ok := o[list]
	return at, ok
}

// blame notes what a module says about its Config, each error at the place of
// its field, and at where the rest belongs. Where there is a problem already,
// the file's own checks have said enough.
func (o origins) blame(ps *problems, where place, err error) {
	for _, f := range faults(err) {
		switch at, ok := o.of(f.field); {
		case ok && !ps.has(at):
			ps.add(at, f.err)
		case ok:
		default:
			ps.add(where, f.whole)
		}
	}
}

// A fault is one error of a module, taken apart.
type fault struct {
	field string // of the Config; empty if none is to blame
	err   error  // why
	whole error
}

// faults takes a joined error apart.
func faults(err error) []fault {
	if err == nil {
		return nil
	}
	//nolint:errorlint // each of those that are joined is looked at by itself
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		var list []fault
		for _, err := range e.Unwrap() {
			list = append(list, faults(err)...)
		}
		return list
	case *dialer.Error:
		return []fault{{e.Field, e.Err, err}}
	case *listener.Error:
		return []fault{{e.Field, e.Err, err}}
	case *udpsession.Error:
		return []fault{{e.Field, e.Err, err}}
	}
	return []fault{{whole: err, err: err}}
}

// reason returns why a module refuses a value, without what the file says about
// it anyway.
func reason(err error) error {
	var causes []error
	for _, f := range faults(err) {
		causes = append(causes, f.err)
	}
	return errors.Join(causes...)
}
