package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// printTags prints the commands that tag what the changelogs have prepared, as a program of
// the shell: those modules first that others require. The message of a tag is what the
// changelog says. It tags nothing itself.
func (c *commandLine) printTags(ctx context.Context, stdout io.Writer) error {
	modules, err := c.readKnown(ctx)
	if err != nil {
		return err
	}
	if err := clean(ctx, c.root); err != nil {
		return err
	}
	commit, err := output(ctx, c.root, nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	var commands, tags []string
	var errs []error
	for _, m := range modules {
		if !c.wanted(m) || m.log.Newest() == "" || m.tagged(m.log.Newest()) {
			continue
		}
		errs = append(errs, m.ready(c))
		notes, _ := m.log.Notes(m.version)
		tag := m.dir + "/" + m.version
		tags = append(tags, tag)
		commands = append(commands, fmt.Sprintf("git tag --cleanup=verbatim -a %s %s -m %s\n", tag, strings.TrimSpace(commit), quoted(tag+"\n\n"+notes)))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(tags) == 0 {
		_, err := fmt.Fprintln(stdout, "# Nothing to tag: the newest version of each changelog is.")
		return err
	}
	_, err = fmt.Fprintf(stdout, "set -e\n\n%s\n# All at once: nobody gets one without those that it requires.\n# git push --atomic origin %s\n", strings.Join(commands, "\n"), strings.Join(tags, " "))
	return err
}

// ready says what is missing before m can be tagged as its changelog says.
func (m *module) ready(c *commandLine) error {
	var errs []error
	if m.log.Unreleased() != "" {
		errs = append(errs, fmt.Errorf("%s/CHANGELOG.md: %s would have what stands under Unreleased: release -prepare %s %s", m.dir, m.version, m.version, m.dir))
	}
	if notes, _ := m.log.Notes(m.version); notes == "" {
		errs = append(errs, fmt.Errorf("%s/CHANGELOG.md: nothing stands under %s", m.dir, m.version))
	}
	for _, s := range m.needs {
		if err := m.promised(s); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.dir, err))
		} else if v := m.requires(s); !s.tagged(v) && !c.wanted(s) {
			errs = append(errs, fmt.Errorf("%s: go.mod requires %s %s, which is not tagged and not to be", m.dir, s.path, v))
		}
	}
	return errors.Join(errs...)
}

// clean says whether all that is in the tree is committed: else it would not be tagged.
func clean(ctx context.Context, root string) error {
	out, err := output(ctx, root, nil, "git", "status", "--porcelain")
	if err == nil && out != "" {
		err = fmt.Errorf("not committed:\n%s", out)
	}
	return err
}

// quoted is a word of the shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
