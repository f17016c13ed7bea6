// Command specgen writes what follows from the comments and types of the schema (spec/strata/v1/*.proto): JSON Schema for
// editors (spec/schema/*.json) and the reference page (docs/spec.md). It refuses a schema that breaks the rules that
// CONTRIBUTING.md has. With -check it writes nothing and fails if a file is not current.
//
//	go run -C internal/tools ./specgen [-check]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// root is the repository, seen from the module's directory.
const root = "../.."

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file is not current")
	flag.Parse()
	if err := run(root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "specgen:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	s, err := load(filepath.Join(root, "spec"))
	if err != nil {
		return err
	}
	if err := s.lint(); err != nil {
		return err
	}
	page, err := s.page()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, "spec", "schema")
	files := map[string][]byte{filepath.Join(root, "docs", "spec.md"): page}
	for name, content := range s.editors() {
		files[filepath.Join(dir, name)] = content
	}
	errs := []error{remove(dir, files, check)}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		errs = append(errs, update(name, files[name], check))
	}
	return errors.Join(errs...)
}

// update writes a file, or compares it.
func update(name string, content []byte, check bool) error {
	if !check {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // part of a public repository
			return err
		}
		return os.WriteFile(name, content, 0o644) //nolint:gosec // part of a public repository
	}
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(old, content) {
		return notCurrent(name)
	}
	return nil
}

// remove removes the files of messages that are gone, or reports them.
func remove(dir string, files map[string][]byte, check bool) error {
	found, err := filepath.Glob(filepath.Join(dir, "*.json"))
	errs := []error{err}
	for _, name := range found {
		switch _, ok := files[name]; {
		case ok:
		case check:
			errs = append(errs, notCurrent(name))
		default:
			errs = append(errs, os.Remove(name))
		}
	}
	return errors.Join(errs...)
}

func notCurrent(name string) error {
	return fmt.Errorf("%s is not current: run go generate ./... in spec", name)
}
