package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// A rule says which modules may bring along what is called path, or lies under it.
type rule struct {
	path    string
	allowed []string // folders
}

// rules are tried in their order: the first one that fits counts.
type rules []rule

// readRules reads lines like "example.test/library: DIR DIR", without those that are empty
// or begin with #.
func readRules(name string) (rules, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var all rules
	var errs []error
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		path, dirs, ok := strings.Cut(line, ":")
		if !ok || path == "" || strings.ContainsAny(path, " \t") {
			errs = append(errs, fmt.Errorf("%s:%d: %q is not like \"library: module module\"", name, number, line))
		}
		all = append(all, rule{path, strings.Fields(dirs)})
	}
	return all, errors.Join(errs...)
}

// check says what the module in a folder must not bring along: by what links all of its
// packages, and by what `go get` downloads.
func (r rules) check(dir string, fp footprint) error {
	var errs []error
	for _, path := range fp.linked {
		errs = append(errs, r.allow(dir, path, "links"))
	}
	for _, name := range fp.got.modules {
		path, version, _ := strings.Cut(name, " ")
		if !slices.Contains(fp.linked, path) && path != fp.got.self {
			errs = append(errs, r.allow(dir, path, "downloads "+version+" of"))
		}
	}
	return errors.Join(errs...)
}

func (r rules) allow(dir, path, what string) error {
	i := slices.IndexFunc(r, func(r rule) bool { return path == r.path || strings.HasPrefix(path, r.path+"/") })
	switch {
	case i < 0:
		return fmt.Errorf("%s %s %s, and no rule allows that", dir, what, path)
	case !slices.Contains(r[i].allowed, dir):
		return fmt.Errorf("%s %s %s, which the rule %q allows to %q only", dir, what, path, r[i].path, r[i].allowed)
	}
	return nil
}
