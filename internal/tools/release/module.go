package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"

	"github.com/strata-net/strata/internal/tools/changelog"
	"github.com/strata-net/strata/internal/tools/workspace"
)

// A module is one of the repository's.
type module struct {
	dir  string // relative to the root, with slashes
	path string
	file *modfile.File
	log  *changelog.File
	// version is that of the tree, and tags are the versions that the repository has.
	version string
	tags    []string
	// needs are the modules of the repository that it requires.
	needs []*module
}

// readModules returns the modules of the workspace that are released, those first
// that others require.
func readModules(ctx context.Context, root string) ([]*module, error) {
	dirs, err := workspace.Modules(root)
	if err != nil {
		return nil, err
	}
	byPath := make(map[string]*module)
	var all []*module
	for _, dir := range dirs {
		if !workspace.Released(dir) {
			continue
		}
		m, err := readModule(root, dir)
		if err != nil {
			return nil, err
		}
		if err := m.findVersion(ctx, root); err != nil {
			return nil, err
		}
		byPath[m.path] = m
		all = append(all, m)
	}
	for _, m := range all {
		if err := m.findNeeds(byPath, root); err != nil {
			return nil, err
		}
	}
	return inOrder(all)
}

func readModule(root, dir string) (*module, error) {
	name := filepath.Join(root, filepath.FromSlash(dir), "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	file, err := modfile.Parse(name, text, nil)
	if err != nil {
		return nil, err
	}
	if file.Module == nil {
		return nil, fmt.Errorf("%s: no module line", name)
	}
	log, err := changelog.Read(filepath.Join(root, filepath.FromSlash(dir), changelog.Name))
	if err != nil {
		return nil, err
	}
	return &module{dir: dir, path: file.Module.Mod.Path, file: file, log: log}, nil
}

// findNeeds looks for m's requirements in the repository: what is replaced by a folder
// has to be one of its released modules.
func (m *module) findNeeds(byPath map[string]*module, root string) error {
	for _, r := range m.file.Replace {
		target := filepath.ToSlash(filepath.Clean(filepath.Join(m.dir, r.New.Path)))
		s := byPath[r.Old.Path]
		if s == nil || s.dir != target {
			return fmt.Errorf("%s/go.mod: replaces %s by %s, which is no released module of %s", m.dir, r.Old.Path, r.New.Path, root)
		}
	}
	for _, r := range m.file.Require {
		if s := byPath[r.Mod.Path]; s != nil {
			m.needs = append(m.needs, s)
		}
	}
	return nil
}

// inOrder sorts modules so that each stands behind those that it needs.
func inOrder(all []*module) ([]*module, error) {
	var order []*module
	for len(order) < len(all) {
		n := len(order)
		for _, m := range all {
			if !slices.Contains(order, m) && !slices.ContainsFunc(m.needs, func(s *module) bool { return !slices.Contains(order, s) }) {
				order = append(order, m)
			}
		}
		if len(order) == n {
			return nil, errors.New("modules require each other in a circle")
		}
	}
	return order, nil
}
