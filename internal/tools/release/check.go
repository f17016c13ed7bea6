package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// check tries the modules one after the other. What is wrong with one stops those that
// need it only.
func (c *commandLine) check(ctx context.Context, stdout io.Writer) error {
	modules, err := c.readKnown(ctx)
	if err != nil {
		return err
	}
	w, err := newWorkshop(ctx, c.root, modules)
	if err != nil {
		return err
	}
	found, err := c.tryAll(ctx, w, modules, stdout)
	if err == nil {
		err = c.judge(found, stdout)
	}
	return errors.Join(err, w.close())
}

// readKnown reads the modules, among which those are that the user named.
func (c *commandLine) readKnown(ctx context.Context) ([]*module, error) {
	modules, err := readModules(ctx, c.root)
	if err != nil {
		return nil, err
	}
	return modules, c.known(modules)
}

// known says whether the modules that the user named are there.
func (c *commandLine) known(modules []*module) error {
	for _, dir := range c.only {
		if !slices.ContainsFunc(modules, func(m *module) bool { return m.dir == dir }) {
			return fmt.Errorf("no released module in folder %q", dir)
		}
	}
	return nil
}

// wanted says whether m is one that the user asked for: all of them, or those named.
func (c *commandLine) wanted(m *module) bool {
	return len(c.only) == 0 || slices.Contains(c.only, m.dir)
}

func (c *commandLine) tryAll(ctx context.Context, w *workshop, modules []*module, stdout io.Writer) (map[string]footprint, error) {
	found := make(map[string]footprint)
	failed := make(map[*module]bool)
	var problems []error
	for _, m := range modules {
		if i := slices.IndexFunc(m.needs, func(s *module) bool { return failed[s] }); i >= 0 {
			failed[m] = true
			problems = append(problems, fmt.Errorf("%s: not tried, since it needs %s", m.dir, m.needs[i].dir))
			continue
		}
		fp, err := c.try(ctx, w, m)
		if err != nil {
			failed[m] = true
			problems = append(problems, fmt.Errorf("%s: %w", m.dir, err))
			continue
		}
		if !c.wanted(m) {
			continue
		}
		found[m.dir] = fp
		fp.print(stdout, m, c.report)
	}
	return found, errors.Join(problems...)
}

// try takes m out, tries it, offers it and uses it.
func (c *commandLine) try(ctx context.Context, w *workshop, m *module) (footprint, error) {
	versions, err := w.versions(m)
	if err != nil {
		return footprint{}, err
	}
	if err := w.stage(ctx, m, versions); err != nil {
		return footprint{}, err
	}
	if c.wanted(m) {
		if err := c.prove(ctx, w, m); err != nil {
			return footprint{}, err
		}
	}
	if err := w.offer(m, m.version, false); err != nil || !c.wanted(m) {
		return footprint{}, err
	}
	fp, err := w.consume(ctx, m, m.version)
	if err == nil && (c.report || c.write) {
		fp.got, err = w.get(ctx, m, m.version)
	}
	return fp, err
}

// versions says at which version m gets each sibling, and offers those that are tagged.
func (w *workshop) versions(m *module) (map[string]string, error) {
	versions := make(map[string]string)
	for _, s := range m.needs {
		if err := m.promised(s); err != nil {
			return nil, err
		}
		versions[s.path] = m.requires(s)
		if s.tagged(versions[s.path]) {
			if err := w.offerOnce(s, versions[s.path]); err != nil {
				return nil, err
			}
		}
	}
	return versions, nil
}

// judge holds what was found to the rules and to the committed lists, or writes those.
func (c *commandLine) judge(found map[string]footprint, stdout io.Writer) error {
	rules, err := readRules(c.rules)
	if err != nil {
		return err
	}
	var broken []error
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		broken = append(broken, rules.check(dir, found[dir]))
	}
	if err := errors.Join(broken...); err != nil {
		return err
	}
	if err := c.compare(found, stdout); err != nil || len(c.only) > 0 || !c.report && !c.write {
		return err
	}
	return c.compareTable(found, stdout)
}

// prove vets a staged module and runs its tests.
func (c *commandLine) prove(ctx context.Context, w *workshop, m *module) error {
	if _, err := w.goRun(ctx, w.staged(m), "vet", "./..."); err != nil {
		return err
	}
	if !c.test {
		return nil
	}
	args := []string{"test", "-vet=off", "-count=1"}
	if c.run != "" {
		args = append(args, "-run="+c.run)
	}
	if c.profiles != "" {
		out, err := w.goRun(ctx, w.staged(m), "list", "./...")
		if err != nil {
			return err
		}
		args = append(args, "-coverprofile="+filepath.Join(c.profiles, strings.ReplaceAll(m.dir, "/", "_")+".cover"),
			"-coverpkg="+strings.Join(strings.Fields(out), ","))
	}
	_, err := w.goRun(ctx, w.staged(m), append(args, "./...")...)
	return err
}
