// Command plots draws what internal/bench measured (docs/plots/data/*.json, which the command measure writes) as SVG, and
// writes the page that shows them, docs/plots/README.md. With -check it writes nothing and fails if a file is not current.
//
//	go run -C internal/tools ./plots [-check]
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
	"strings"

	"github.com/strata-net/strata/internal/tools/results"
)

// root is the repository, seen from the module's directory.
const root = "../.."

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file is not current")
	flag.Parse()
	if err := run(root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "plots:", err)
		os.Exit(1)
	}
}

func run(root string, check bool) error {
	dir := filepath.Join(root, "docs", "plots")
	sets, err := load(filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	files := map[string][]byte{"README.md": page(sets)}
	var errs []error
	for _, c := range charts {
		set := sets[c.data]
		if set == nil {
			errs = append(errs, fmt.Errorf("%s: no data/%s.json", c.name, c.data))
			continue
		}
		content, err := c.draw(set)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
		files[c.name+".svg"] = content
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return errors.Join(update(dir, files, check), strangers(dir, files))
}

// load reads all data, under the names of the files without .json.
func load(dir string) (map[string]*results.Set, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	sets := map[string]*results.Set{}
	errs := []error{err}
	for _, name := range names {
		set, err := results.Read(name)
		sets[strings.TrimSuffix(filepath.Base(name), ".json")] = set
		errs = append(errs, err)
	}
	return sets, errors.Join(errs...)
}

// update writes files, or compares them.
func update(dir string, files map[string][]byte, check bool) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, name)
		if !check {
			errs = append(errs, os.WriteFile(path, files[name], 0o644)) //nolint:gosec // part of a public repository
			continue
		}
		old, err := os.ReadFile(path)
		if err == nil && !bytes.Equal(old, files[name]) {
			err = fmt.Errorf("%s is not current: run GOWORK=off go run -C internal/tools ./plots", path)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// strangers finds pictures that nothing draws.
func strangers(dir string, files map[string][]byte) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	errs := []error{err}
	for _, name := range names {
		if files[filepath.Base(name)] == nil {
			errs = append(errs, fmt.Errorf("%s: nothing draws it", name))
		}
	}
	return errors.Join(errs...)
}
