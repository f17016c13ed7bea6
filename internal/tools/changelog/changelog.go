// Package changelog reads and writes the CHANGELOG.md of a module: a section "Unreleased",
// and under it one for each version, the newest first.
package changelog

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// Name is that of the file in a module's folder.
const Name = "CHANGELOG.md"

// unreleased is the title of the section of what no version has yet.
const unreleased = "Unreleased"

// A File is a changelog, taken apart at its sections. The first of them is Unreleased.
type File struct {
	head     string
	sections []section
}

type section struct {
	title, text string // text without empty lines around it
}

// Read reads a file.
func Read(name string) (*File, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := Parse(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Parse reads a changelog. Versions out of order, or that are none, are errors, all of
// them joined.
func Parse(text string) (*File, error) {
	blocks := strings.Split("\n"+strings.ReplaceAll(text, "\r\n", "\n"), "\n## ")
	f := &File{head: trim(blocks[0])}
	for _, block := range blocks[1:] {
		title, rest, _ := strings.Cut(block, "\n")
		f.sections = append(f.sections, section{strings.TrimSpace(title), trim(rest)})
	}
	if len(f.sections) == 0 || f.sections[0].title != unreleased {
		return nil, errors.New(`its first section is not "## Unreleased"`)
	}
	return f, f.check()
}

func (f *File) check() error {
	var errs []error
	before := ""
	for _, s := range f.sections[1:] {
		switch {
		case semver.Canonical(s.title) != s.title || s.title == "":
			errs = append(errs, fmt.Errorf("section %q is not called like a version, as v1.2.3", s.title))
		case before != "" && semver.Compare(before, s.title) <= 0:
			errs = append(errs, fmt.Errorf("section %q stands under %s, which is not newer", s.title, before))
		}
		before = s.title
	}
	return errors.Join(errs...)
}

// Unreleased is what no version has yet, without its title.
func (f *File) Unreleased() string { return f.sections[0].text }

// Newest is the version that stands first, "" if there is none.
func (f *File) Newest() string {
	if len(f.sections) < 2 {
		return ""
	}
	return f.sections[1].title
}

// Notes is what a version's section says.
func (f *File) Notes(version string) (text string, ok bool) {
	i := f.find(version)
	if i < 0 {
		return "", false
	}
	return f.sections[i].text, true
}

func (f *File) find(title string) int {
	return slices.IndexFunc(f.sections, func(s section) bool { return s.title == title })
}

// Incompatible is what all sections above that of a version have under the title
// "### Incompatible".
func (f *File) Incompatible(since string) string {
	var found []string
	for _, s := range f.sections {
		if s.title == since {
			break
		}
		for _, p := range split(s.text) {
			if p.title == "Incompatible" && p.text != "" {
				found = append(found, p.text)
			}
		}
	}
	return strings.Join(found, "\n")
}

// Prepare moves what is unreleased into the section of a version. It is the newest one's,
// which may be there, or one that is newer.
func (f *File) Prepare(version string) error {
	switch newest := f.Newest(); {
	case semver.Canonical(version) != version || version == "":
		return fmt.Errorf("%q is no version, as v1.2.3", version)
	case newest == "" || semver.Compare(newest, version) < 0:
		f.sections = slices.Insert(f.sections, 1, section{title: version})
	case newest != version:
		return fmt.Errorf("%s is older than %s", version, newest)
	}
	f.sections[1].text = merge(f.sections[1].text, f.sections[0].text)
	f.sections[0].text = ""
	return nil
}

// String is the file's text.
func (f *File) String() string {
	var b strings.Builder
	b.WriteString(f.head + "\n")
	for _, s := range f.sections {
		b.WriteString("\n## " + s.title + "\n")
		if s.text != "" {
			b.WriteString("\n" + s.text + "\n")
		}
	}
	return b.String()
}
