package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/tools/cover"
)

// module is what one profile says of one module.
type module struct {
	path      string // import path
	files     []file // hand-written, in the order of their names
	generated int    // statements in generated files, not in files
}

// file counts the statements of one source file.
type file struct {
	name           string // relative to the module, with slashes
	covered, total int
}

// measure reads the profile of the module in dir.
func measure(dir, profile string) (module, error) {
	path, err := modulePath(dir)
	if err != nil {
		return module{}, err
	}
	// A test binary of each package writes a block for each statement of the
	// module; ParseProfiles joins the blocks that stand for the same place.
	profiles, err := cover.ParseProfiles(profile)
	if err != nil {
		return module{}, fmt.Errorf("read %s: %w", profile, err)
	}
	m := module{path: path}
	for _, p := range profiles {
		if err := m.add(dir, p); err != nil {
			return module{}, err
		}
	}
	if _, total := m.count(); total == 0 {
		return module{}, fmt.Errorf("profile %s has no statement of %s", profile, path)
	}
	return m, nil
}

// add counts one file of the profile.
func (m *module) add(dir string, p *cover.Profile) error {
	name, ok := strings.CutPrefix(p.FileName, m.path+"/")
	if !ok {
		return fmt.Errorf("profile names %s, which is not in %s (the profile needs -coverpkg=%[2]s/... alone)", p.FileName, m.path)
	}
	generated, err := isGenerated(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	f := file{name: name}
	for _, b := range p.Blocks {
		f.total += b.NumStmt
		if b.Count > 0 {
			f.covered += b.NumStmt
		}
	}
	if generated {
		m.generated += f.total
		return nil
	}
	m.files = append(m.files, f)
	return nil
}

// count sums the statements of all hand-written files.
func (m *module) count() (covered, total int) {
	for _, f := range m.files {
		covered += f.covered
		total += f.total
	}
	return covered, total
}

func modulePath(dir string) (string, error) {
	name := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	path := modfile.ModulePath(text)
	if path == "" {
		return "", errors.New(name + " has no module line")
	}
	return path, nil
}

// isGenerated looks for the header that https://go.dev/s/generatedcode defines.
func isGenerated(name string) (bool, error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil {
		return false, err
	}
	return ast.IsGenerated(f), nil
}
