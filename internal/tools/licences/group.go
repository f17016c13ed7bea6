package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A group is a table of the page.
type group struct {
	title, intro string
	copyleft     bool // whether that is allowed
	used         []*library
}

// A library is a version of a module of others.
type library struct {
	path, version, dir string
	by                 map[string]bool // folders of our modules that use it
	packages           map[string]bool // folders of its packages that are used
	licence            licence
}

// systems are those for which programs are linked.
var systems = []string{"linux", "windows", "darwin", "freebsd"}

// find finds what the modules of a repository use, and under which licences.
func find(ctx context.Context, root string) ([]*group, error) {
	released, programs, tools, err := modules(ctx, root)
	if err != nil {
		return nil, err
	}
	linked := &group{title: "Linked by the released modules", intro: "What a program may link that imports packages of these modules, on Linux, Windows, macOS and FreeBSD."}
	tested := &group{title: "Linked by their tests only", intro: "Nobody who imports the modules links these; some are in their go.sum."}
	others := &group{title: "Linked by examples, benchmarks and integration tests", intro: "Besides the above. None of this is released."}
	used := &group{title: "Tools", intro: "Programs that run in the repository, with all that they link: linters, generators, and the other sides of tests. Nothing that is published has code of theirs.", copyleft: true}
	for _, step := range []struct {
		g    *group
		dirs []string
		list func(context.Context, string, string) ([]dependency, error)
	}{{linked, released, packages}, {tested, released, tests}, {others, programs, tests}, {used, tools, programsOf}} {
		if err := step.g.collect(ctx, root, step.dirs, step.list); err != nil {
			return nil, err
		}
	}
	tested.drop(linked)
	others.drop(linked, tested)
	used.drop(linked, tested, others)
	return []*group{linked, tested, others, used}, nil
}

// collect fills the group with what is listed for modules.
func (g *group) collect(ctx context.Context, root string, dirs []string, list func(context.Context, string, string) ([]dependency, error)) error {
	found := make(map[string]*library)
	for _, dir := range dirs {
		all, err := list(ctx, root, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		for _, d := range all {
			l := found[d.path+"@"+d.version]
			if l == nil {
				l = &library{path: d.path, version: d.version, dir: d.dir, by: make(map[string]bool), packages: make(map[string]bool)}
				found[d.path+"@"+d.version] = l
			}
			l.by[dir], l.packages[d.folder] = true, true
		}
	}
	g.used = slices.SortedFunc(maps.Values(found), func(a, b *library) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.version, b.version))
	})
	for _, l := range g.used {
		var err error
		if l.licence, err = l.read(); err != nil {
			return err
		}
	}
	return nil
}

// drop takes out what other groups have with the same licence.
func (g *group) drop(others ...*group) {
	g.used = slices.DeleteFunc(g.used, func(l *library) bool {
		return slices.ContainsFunc(others, func(o *group) bool {
			return slices.ContainsFunc(o.used, func(k *library) bool {
				return k.path == l.path && k.version == l.version && k.licence.name() == l.licence.name()
			})
		})
	})
}

// judge says what must not be used.
func (g *group) judge() error {
	var errs []error
	for _, l := range g.used {
		who := strings.Join(slices.Sorted(maps.Keys(l.by)), ", ")
		switch {
		case len(l.licence.unknown) > 0:
			errs = append(errs, fmt.Errorf("%s %s, of %s: no known licence in %s", l.path, l.version, who, strings.Join(l.licence.unknown, ", ")))
		case len(l.licence.ids) == 0:
			errs = append(errs, fmt.Errorf("%s %s, of %s: no file with a licence", l.path, l.version, who))
		case !g.copyleft && l.licence.strict():
			errs = append(errs, fmt.Errorf("%s %s, of %s: %s may want more than a notice", l.path, l.version, who, l.licence.name()))
		}
	}
	return errors.Join(errs...)
}

// text is the page.
func text(groups []*group) string {
	var b strings.Builder
	b.WriteString("<!-- Written by `go run -C internal/tools ./licences -write`: do not edit. -->\n# Licences\n\nThe modules themselves are under [Apache-2.0](../LICENSE). What they use of others, by the texts in the folders of those modules and of the packages that are used, as SPDX names them. AND stands between the texts that were found, also where one may choose:\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", g.title, g.intro)
		if len(g.used) == 0 {
			b.WriteString("Nothing.\n")
			continue
		}
		b.WriteString("| module | version | licence | used by |\n|---|---|---|---|\n")
		for _, l := range g.used {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", l.path, l.version, l.licence.name(), strings.Join(slices.Sorted(maps.Keys(l.by)), ", "))
		}
	}
	return b.String()
}
