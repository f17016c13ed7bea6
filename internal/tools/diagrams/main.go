// Command diagrams draws the diagrams of docs/diagrams, as SVG, from the text beside them (*.dot), with Graphviz's dot. Two of
// these texts it writes itself: modules.dot says what the go.mod files require, and simnet.dot what happened in a run of
// examples/raftlike. With -check it draws and writes nothing, needs no Graphviz, and fails if a file is not current.
//
//	go run -C internal/tools ./diagrams [-check]
package main

import (
	"errors"
	"flag"
	"fmt"
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
		fmt.Fprintln(os.Stderr, "diagrams:", err)
		os.Exit(1)
	}
}

// generated are the texts that are not written by hand.
var generated = []struct {
	name  string
	write func(root string) ([]byte, error)
}{
	{"modules.dot", modules},
	{"simnet.dot", simulation},
}

func run(root string, check bool) error {
	dir := filepath.Join(root, "docs", "diagrams")
	var errs []error
	for _, g := range generated {
		text, err := g.write(root)
		if err == nil {
			err = update(filepath.Join(dir, g.name), text, check)
		}
		errs = append(errs, err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.dot"))
	errs = append(errs, err, orphans(dir, names))
	for _, name := range names {
		errs = append(errs, picture(name, check))
	}
	return errors.Join(errs...)
}

// picture draws a text, or looks whether that was done.
func picture(name string, check bool) error {
	s, err := read(name)
	if err != nil {
		return err
	}
	if check {
		return stale(s.CheckFile(drawnFrom(name)))
	}
	content, err := s.draw()
	if err != nil {
		return err
	}
	return update(drawnFrom(name), content, false)
}

// drawnFrom is the name of the picture of a text.
func drawnFrom(name string) string { return name[:len(name)-len(filepath.Ext(name))] + ".svg" }

// orphans finds pictures without a text.
func orphans(dir string, texts []string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	errs := []error{err}
	for _, name := range found {
		if !slices.ContainsFunc(texts, func(text string) bool { return drawnFrom(text) == name }) {
			errs = append(errs, fmt.Errorf("%s has no text beside it", name))
		}
	}
	return errors.Join(errs...)
}

// update writes a file, or compares it.
func update(name string, content []byte, check bool) error {
	if !check {
		return os.WriteFile(name, content, 0o644) //nolint:gosec // part of a public repository
	}
	old, err := os.ReadFile(name)
	if err == nil && string(old) != string(content) {
		err = fmt.Errorf("%s is not current", name)
	}
	return stale(err)
}

// stale adds what to do.
func stale(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: run GOWORK=off go run -C internal/tools ./diagrams", err)
}
