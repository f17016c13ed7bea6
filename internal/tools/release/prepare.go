package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/strata-net/strata/internal/tools/changelog"
)

// makeReady writes what has to be committed before modules are tagged with the version of
// -prepare: what is unreleased goes into its section of their changelogs, and every go.mod
// of the repository that requires one of them names it.
func (c *commandLine) makeReady(ctx context.Context, stdout io.Writer) error {
	modules, err := c.readKnown(ctx)
	if err != nil {
		return err
	}
	modules = slices.DeleteFunc(modules, func(m *module) bool { return !c.wanted(m) })
	var errs []error
	for _, m := range modules { // before anything is written
		if m.tagged(c.prepare) {
			errs = append(errs, fmt.Errorf("%s/%s is tagged", m.dir, c.prepare))
		}
		if err := m.log.Prepare(c.prepare); err != nil {
			errs = append(errs, fmt.Errorf("%s/%s: %w", m.dir, changelog.Name, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for _, m := range modules {
		if err := rewrite(filepath.Join(c.root, filepath.FromSlash(m.dir), changelog.Name), []byte(m.log.String()), stdout); err != nil {
			return err
		}
	}
	return c.raise(ctx, modules, stdout)
}

// raise makes every go.mod that requires one of the modules require the version of -prepare.
func (c *commandLine) raise(ctx context.Context, modules []*module, stdout io.Writer) error {
	out, err := output(ctx, c.root, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "go.mod", "*/go.mod")
	if err != nil {
		return err
	}
	for name := range strings.Lines(out) {
		name = filepath.Join(c.root, filepath.FromSlash(strings.TrimSuffix(name, "\n")))
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := modfile.Parse(name, text, nil)
		if err != nil {
			return err
		}
		for _, r := range slices.Clone(file.Require) {
			if !slices.ContainsFunc(modules, func(m *module) bool { return m.path == r.Mod.Path }) {
				continue
			}
			if err := file.AddRequire(r.Mod.Path, c.prepare); err != nil {
				return err
			}
		}
		text, err = file.Format()
		if err != nil {
			return err
		}
		if err := rewrite(name, text, stdout); err != nil {
			return err
		}
	}
	return nil
}

// rewrite writes a file unless it is like that already, and says so.
func rewrite(name string, text []byte, stdout io.Writer) error {
	before, err := os.ReadFile(name)
	if err != nil || string(before) == string(text) {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "written:", name)
	return os.WriteFile(name, text, info.Mode().Perm())
}
