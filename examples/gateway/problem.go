package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A place is where something stands in the configuration file.
type place struct {
	line int    // counted from 1; 0 for what stands nowhere, such as a missing file
	path string // such as listeners[1].options.TCP_KEEPIDLE; empty for the whole file
}

// key returns the place of something named below p, when it has no line of its own.
func (p place) key(name string) place {
	return place{line: p.line, path: joinPath(p.path, name)}
}

// A problem is one error of a configuration file.
type problem struct {
	file string
	at   place
	err  error
}

// Error returns the problem in the form file:line: path: cause, on one line.
func (p *problem) Error() string {
	s := p.file
	if p.at.line > 0 {
		s = fmt.Sprintf("%s:%d", s, p.at.line)
	}
	if p.at.path != "" {
		s += ": " + p.at.path
	}
	return s + ": " + strings.ReplaceAll(p.err.Error(), "\n", "; ")
}

// Unwrap returns the cause.
func (p *problem) Unwrap() error { return p.err }

// problems collects what is wrong with one file.
type problems struct {
	file    string
	list    []*problem
	visited int // nodes looked at so far
}

// add notes err at a place.
func (ps *problems) add(at place, err error) {
	ps.list = append(ps.list, &problem{file: ps.file, at: at, err: err})
}

// has says whether there is a problem at a place, or in what stands there.
func (ps *problems) has(at place) bool {
	return slices.ContainsFunc(ps.list, func(p *problem) bool {
		rest, ok := strings.CutPrefix(p.at.path, at.path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// addf notes an error at a place.
func (ps *problems) addf(at place, format string, args ...any) {
	ps.add(at, fmt.Errorf(format, args...))
}

// err joins the problems in the order of their lines; nil when there are none.
func (ps *problems) err() error {
	slices.SortStableFunc(ps.list, func(a, b *problem) int {
		return cmp.Compare(a.at.line, b.at.line)
	})
	errs := make([]error, len(ps.list))
	for i, p := range ps.list {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// joinPath appends a key to a path.
func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
