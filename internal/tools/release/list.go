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

// listHead begins the committed list.
const listHead = `# What a program links that imports all public packages of a module, and how many lines
# its go.sum has. Written by ` + "`go run -C internal/tools ./release -write`" + `: a line more is a
# decision that the commit explains.
`

// text is the list in its committed form.
func text(found map[string]footprint) string {
	var b strings.Builder
	b.WriteString(listHead)
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&b, "\n%s: %d\n", dir, found[dir].lines)
		for _, path := range found[dir].linked {
			fmt.Fprintf(&b, "  %s\n", path)
		}
	}
	return b.String()
}

// compare compares what was found with the committed list, or writes it.
func (c *commandLine) compare(found map[string]footprint, stdout io.Writer) error {
	if c.write {
		return os.WriteFile(c.list, []byte(text(found)), 0o644) //nolint:gosec // committed files can be read
	}
	data, err := os.ReadFile(c.list)
	if err != nil {
		return err
	}
	want := parseList(string(data))
	var differ []string
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		differ = append(differ, difference(dir, want[dir], section(found[dir]))...)
	}
	for _, dir := range slices.Sorted(maps.Keys(want)) {
		if _, ok := found[dir]; !ok && len(c.only) == 0 {
			differ = append(differ, fmt.Sprintf("%s: in the list only", dir))
		}
	}
	if len(differ) > 0 {
		return fmt.Errorf("%s says otherwise:\n  %s\nIf that is meant: release -write", filepath.Base(c.list), strings.Join(differ, "\n  "))
	}
	fmt.Fprintln(stdout, "as in", filepath.Base(c.list))
	return nil
}

// section is what the list says about one module, line by line.
func section(fp footprint) []string {
	return append([]string{fmt.Sprintf("%d lines of go.sum", fp.lines)}, fp.linked...)
}

// parseList reads the sections of the list.
func parseList(data string) map[string][]string {
	sections := make(map[string][]string)
	dir := ""
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if path, ok := strings.CutPrefix(line, "  "); ok {
			sections[dir] = append(sections[dir], path)
			continue
		}
		name, lines, _ := strings.Cut(line, ": ")
		dir = name
		sections[dir] = []string{lines + " lines of go.sum"}
	}
	return sections
}

// difference tells the lines that only one of the two has.
func difference(dir string, want, got []string) []string {
	var lines []string
	for _, line := range got {
		if !slices.Contains(want, line) {
			lines = append(lines, fmt.Sprintf("%s: new: %s", dir, line))
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			lines = append(lines, fmt.Sprintf("%s: gone: %s", dir, line))
		}
	}
	return lines
}
