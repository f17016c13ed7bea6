package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tableHead begins the page for users.
const tableHead = `<!-- Written by ` + "`go run -C internal/tools ./release -write`" + `: do not edit. -->
# What each module brings along

For each module: what ` + "`go get MODULE`" + ` downloads into an empty module cache, besides the module itself, and what is linked by a program that imports all of its public packages, on Linux, Windows and macOS together. Who imports fewer packages links less. Lines of go.sum also count modules of which only the go.mod is read, and those that the modules' tests need.

`

// table is the page for users. Sizes are not in it: those of the modules change with each
// commit.
func table(found map[string]footprint) string {
	var b strings.Builder
	b.WriteString(tableHead)
	b.WriteString("| module | `go get` downloads | lines of go.sum | all packages link | lines of go.sum |\n|---|---|---:|---|---:|\n")
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		fp := found[dir]
		var gets []string
		for _, name := range fp.got.modules {
			if path, _, _ := strings.Cut(name, " "); path != fp.got.self {
				gets = append(gets, name)
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %d | %s | %d |\n", dir, cell(gets, fp.got.self, dir), fp.got.lines, cell(fp.linked, fp.got.self, dir), fp.lines)
	}
	return b.String()
}

// cell is a list of modules; those of the repository are called by their folders.
func cell(names []string, self, dir string) string {
	if len(names) == 0 {
		return "nothing"
	}
	root := strings.TrimSuffix(self, dir)
	short := make([]string, 0, len(names))
	for _, name := range names {
		if own, ok := strings.CutPrefix(name, root); ok {
			// The version is that of the tree, which is another one after each release.
			name, _, _ = strings.Cut(own, " ")
		}
		short = append(short, "`"+name+"`")
	}
	return strings.Join(short, ", ")
}

// compareTable compares what was found with the committed page, or writes it.
func (c *commandLine) compareTable(found map[string]footprint, stdout io.Writer) error {
	now := table(found)
	if c.write {
		return os.WriteFile(c.table, []byte(now), 0o644) //nolint:gosec // committed files can be read
	}
	data, err := os.ReadFile(c.table)
	if err != nil {
		return err
	}
	before := slices.Collect(strings.Lines(string(data)))
	for line := range strings.Lines(now) {
		if !slices.Contains(before, line) {
			return fmt.Errorf("%s is stale (release -write renews it): it does not have\n%s", filepath.Base(c.table), line)
		}
	}
	if string(data) != now {
		return fmt.Errorf("%s is stale: release -write renews it", filepath.Base(c.table))
	}
	fmt.Fprintln(stdout, "as in", filepath.Base(c.table))
	return nil
}
