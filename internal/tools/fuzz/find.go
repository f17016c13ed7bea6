package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var declared = regexp.MustCompile(`(?m)^func Fuzz\w*\(`)

// A pkg is what `go list -json` says of a package.
type pkg struct {
	Dir          string
	ImportPath   string
	TestGoFiles  []string
	XTestGoFiles []string
}

// find builds the tests of a module's packages that have targets.
func find(ctx context.Context, s settings, module string) ([]*target, error) {
	// Not ./... in the folder above: that has no module.
	out, err := command(ctx, module, "go", "list", "-json=Dir,ImportPath,TestGoFiles,XTestGoFiles", "./...")
	if err != nil {
		return nil, err
	}
	var all []*target
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) { //nolint:musttag // the names are those of the go command
			return all, nil
		} else if err != nil {
			return nil, err
		}
		found, err := p.targets(ctx, s, len(all))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
		all = append(all, found...)
	}
}

// targets are those of a package, in the order of their names.
func (p *pkg) targets(ctx context.Context, s settings, n int) ([]*target, error) {
	if has, err := p.declares(); !has || err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.temp, strconv.Itoa(n)+"-")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "fuzz.test")
	// With -fuzz it is built so that it tells what of the code an input reaches.
	if _, err := command(ctx, p.Dir, "go", "test", "-c", "-fuzz=.", "-o", program, "."); err != nil {
		return nil, err
	}
	out, err := command(ctx, p.Dir, program, "-test.list=^Fuzz")
	if err != nil {
		return nil, err
	}
	var all []*target
	for name := range strings.FieldsSeq(string(out)) {
		if t := (&target{pkg: p, name: name, program: program}); s.only.MatchString(t.String()) {
			all = append(all, t)
		}
	}
	return all, nil
}

// declares reports whether a file of the tests has a target.
func (p *pkg) declares() (bool, error) {
	for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return false, err
		}
		if declared.Match(text) {
			return true, nil
		}
	}
	return false, nil
}

// command runs a program to its end; what it wrote is in the error if it failed.
func command(ctx context.Context, dir, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, &out, &words)
	}
	return out.Bytes(), nil
}
