package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	// page has a row for each target.
	page = "docs/fuzzing.md"
	// maxCommitted bounds the inputs of a target that are committed: every `go test` tries them.
	maxCommitted = 24
	corpora      = "testdata/fuzz"
)

var errNoCorpus = errors.New("no input is committed in testdata/fuzz: run it with -keep 12")

var row = regexp.MustCompile("(?m)^\\| `([\\w./-]+\\.Fuzz\\w+)` \\|")

// check says what is wrong with the targets of a tree: each has a row in the page and inputs
// in testdata/fuzz, few and short ones, and neither is there without a target.
func check(tree fs.FS) error {
	targets, found, err := scan(tree)
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(tree, page)
	if err != nil {
		return err
	}
	var rows []string
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, m[1])
	}
	errs := differences(rows, targets)
	for _, t := range targets {
		if len(found[t]) == 0 {
			errs = append(errs, fmt.Errorf("%s: %w", t, errNoCorpus))
		}
	}
	for t, sizes := range found {
		if !slices.Contains(targets, t) {
			errs = append(errs, fmt.Errorf("%s: has inputs in testdata/fuzz, and no function", t))
		}
		if len(sizes) > maxCommitted || slices.Max(sizes) > maxKept {
			errs = append(errs, fmt.Errorf("%s: has %d inputs of up to %d bytes: at most %d of %d may be committed",
				t, len(sizes), slices.Max(sizes), maxCommitted, maxKept))
		}
	}
	return errors.Join(errs...)
}

// differences are between the rows of the page and the targets.
func differences(rows, targets []string) (errs []error) {
	for i, r := range rows {
		if !slices.Contains(targets, r) {
			errs = append(errs, fmt.Errorf("%s: has a row in %s, and no function", r, page))
		}
		if slices.Contains(rows[:i], r) {
			errs = append(errs, fmt.Errorf("%s: has two rows in %s", r, page))
		}
	}
	for _, t := range targets {
		if !slices.Contains(rows, t) {
			errs = append(errs, fmt.Errorf("%s: has no row in %s", t, page))
		}
	}
	return errs
}

// scan finds the targets, named FOLDER.FuzzX, and the sizes of their committed inputs.
func scan(tree fs.FS) (targets []string, inputs map[string][]int, err error) {
	inputs = map[string][]int{}
	err = fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && name != "." && strings.HasPrefix(e.Name(), "."):
			return fs.SkipDir
		case e.IsDir():
			return nil
		case strings.HasSuffix(name, "_test.go"):
			found, err := declarations(tree, name)
			targets = append(targets, found...)
			return err
		}
		folder, target := path.Split(path.Dir(name))
		if home, ok := strings.CutSuffix(path.Clean(folder), "/"+corpora); ok {
			info, err := e.Info()
			if err != nil {
				return err
			}
			inputs[home+"."+target] = append(inputs[home+"."+target], int(info.Size()))
		}
		return nil
	})
	return targets, inputs, err
}

// declarations are the targets of a file.
func declarations(tree fs.FS, name string) (targets []string, err error) {
	text, err := fs.ReadFile(tree, name)
	if err != nil || !declared.Match(text) {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Fuzz") {
			targets = append(targets, path.Dir(name)+"."+f.Name.Name)
		}
	}
	return targets, nil
}

// checkDir checks the tree of a folder.
func checkDir(dir string) error { return check(os.DirFS(filepath.Clean(dir))) }
