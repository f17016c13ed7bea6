// Command sockoptgen writes what follows from the tables of module sockopt: the handles (sockopt/handles.go), the
// reference page (docs/sockopt.md) and the messages of the schema (spec/strata/v1/sockopt.proto), whose numbers it keeps.
// With -check it writes nothing and fails if one of them is not current.
//
// The tables are read from the source, once for each operating system, so that one machine can describe all.
//
//	go run -C internal/tools ./sockoptgen [-check]
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// root is the repository, seen from the module's directory.
const root = "../.."

func main() {
	check := flag.Bool("check", false, "write nothing; fail if a file is not current")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "sockoptgen:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	var tables []table
	for _, s := range systems {
		t, err := load(filepath.Join(root, "sockopt"), s)
		if err != nil {
			return err
		}
		tables = append(tables, t)
	}
	handles, err := writeHandles(tables)
	if err != nil {
		return err
	}
	name := filepath.Join(root, "spec", "strata", "v1", "sockopt.proto")
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	schema, err := writeSchema(tables, old)
	if err != nil {
		return err
	}
	return errors.Join(
		update(name, schema, check),
		update(filepath.Join(root, "sockopt", "handles.go"), handles, check),
		update(filepath.Join(root, "docs", "sockopt.md"), writePage(tables), check),
	)
}

// update writes a file, or compares it.
func update(name string, content []byte, check bool) error {
	if !check {
		return os.WriteFile(name, content, 0o644) //nolint:gosec // part of a public repository
	}
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(old, content) {
		return fmt.Errorf("%s is not current: run go generate ./sockopt", name)
	}
	return nil
}
