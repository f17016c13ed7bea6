package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/strata-net/strata/internal/tools/svg"
	"github.com/strata-net/strata/internal/tools/workspace"
)

// repository is where the paths of all modules begin.
const repository = "github.com/strata-net/strata/"

// A module is one of go.work.
type module struct {
	name     string   // its folder
	needs    []string // other modules, by folder
	brings   []string // modules of others
	released bool
}

// load reads go.work, the go.mod files that it names, and what a consumer of each module links.
func load(root string) ([]module, error) {
	dirs, err := workspace.Modules(root)
	if err != nil {
		return nil, err
	}
	linked, err := linked(root)
	if err != nil {
		return nil, err
	}
	list := make([]module, len(dirs))
	for i, dir := range dirs {
		list[i].name = dir
		if err := list[i].load(root, linked); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// linked reads what the release check holds the released modules to.
func linked(root string) (map[string][]string, error) {
	content, err := os.ReadFile(filepath.Join(root, "internal", "tools", "release", "linked.txt"))
	if err != nil {
		return nil, err
	}
	found, module := map[string][]string{}, ""
	for line := range strings.Lines(string(content)) {
		path, indented := strings.CutPrefix(line, "  ")
		name, _, named := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "#"):
		case indented:
			found[module] = append(found[module], strings.TrimSpace(path))
		case named:
			module = name
			found[module] = []string{}
		}
	}
	return found, nil
}

// load takes what the module requires itself, and links: what only its tests require would hide the rest.
func (m *module) load(root string, linked map[string][]string) error {
	name := filepath.Join(root, m.name, "go.mod")
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	mod, err := modfile.Parse(name, content, nil)
	if err != nil {
		return err
	}
	links, released := linked[m.name]
	m.released = released
	for _, r := range mod.Require {
		short, own := strings.CutPrefix(r.Mod.Path, repository)
		switch {
		case r.Indirect || released && !slices.Contains(links, r.Mod.Path):
		case own:
			m.needs = append(m.needs, short)
		case released:
			m.brings = append(m.brings, r.Mod.Path)
		}
	}
	return nil
}

// byName finds modules, also those that others need.
func byName(list []module) (map[string]*module, error) {
	all := map[string]*module{}
	for i := range list {
		all[list[i].name] = &list[i]
	}
	for _, m := range list {
		for _, need := range m.needs {
			if all[need] == nil {
				return nil, fmt.Errorf("%s requires %s, which is not in go.work", m.name, need)
			}
		}
	}
	return all, nil
}

// covered says whether a module that is needed is needed by another one that is needed too: the arrow would only say
// again what the arrows of that one say.
func covered(of *module, name string, all map[string]*module) bool {
	for _, other := range of.needs {
		if other != name && reaches(other, name, all) {
			return true
		}
	}
	return false
}

func reaches(from, to string, all map[string]*module) bool {
	if from == to {
		return true
	}
	for _, next := range all[from].needs {
		if reaches(next, to, all) {
			return true
		}
	}
	return false
}

// modules is the graph of what go.work and the go.mod files say.
func modules(root string) ([]byte, error) {
	list, err := load(root)
	if err != nil {
		return nil, err
	}
	all, err := byName(list)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, modulesHead, svg.Ground, svg.Ink, said(list))
	level := map[bool][]string{} // those that nobody requires are on top when they are not released, else at the bottom
	for _, m := range list {
		m.node(&b)
		if !m.released || len(m.needs)+len(m.brings) == 0 {
			level[m.released] = append(level[m.released], strconv.Quote(m.name))
		}
	}
	fmt.Fprintf(&b, "\t{rank=min; %s}\n\t{rank=max; %s}\n", strings.Join(level[false], "; "), strings.Join(level[true], "; "))
	for i := range list {
		for _, need := range list[i].needs {
			if !covered(&list[i], need, all) {
				list[i].arrow(&b, need)
			}
		}
	}
	b.WriteString("}\n")
	return b.Bytes(), nil
}

// said is the graph of the released modules in words.
func said(list []module) string {
	var b strings.Builder
	for _, m := range list {
		switch {
		case m.released && len(m.needs) > 0:
			fmt.Fprintf(&b, "%s requires %s; ", m.name, strings.Join(m.needs, ", "))
		case !m.released:
			fmt.Fprintf(&b, "%s is not released; ", m.name)
		}
	}
	return b.String() + "the others require no sibling"
}

const modulesHead = `// title: The modules of Strata and what they require
// desc: An arrow leads to a sibling that a module requires, unless other arrows lead there too; in small letters is what it links of others.
// desc: %[3]s.
// Written by go run -C internal/tools ./diagrams from go.work, the go.mod files and release/linked.txt. DO NOT EDIT.
digraph modules {
	bgcolor="%[1]s" pad=0.2 nodesep=0.12 ranksep=0.55
	node [shape=box style="rounded,filled" fontname="Arial" fontsize=14 fontcolor="%[2]s" margin="0.12,0.06"]
	edge [arrowsize=0.7]
`

// node has the name of a module, and below it what it requires of others.
func (m *module) node(b *bytes.Buffer) {
	fill, line := svg.BlueArea, svg.Blue
	if !m.released {
		fill, line = svg.Plain, svg.Faint
	}
	fmt.Fprintf(b, "\t%q [fillcolor=%q color=%q label=<<b>%s</b>", m.name, string(fill), string(line), m.name)
	switch {
	case !m.released:
		b.WriteString(`<br/><font point-size="11">not released</font>`)
	default:
		for _, path := range m.brings {
			fmt.Fprintf(b, `<br/><font point-size="11">%s</font>`, strings.TrimPrefix(path, "github.com/"))
		}
	}
	b.WriteString(">]\n")
}

// arrow leads to a module that is needed. Those of modules that are not released matter less.
func (m *module) arrow(b *bytes.Buffer, need string) {
	color := svg.Faint
	if !m.released {
		color = svg.Rule
	}
	fmt.Fprintf(b, "\t%q -> %q [color=%q]\n", m.name, need, string(color))
}
