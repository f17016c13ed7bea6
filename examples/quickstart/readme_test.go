package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The repository's README holds this program, without its package comment.
func TestReadme(t *testing.T) {
	_, program, ok := strings.Cut(read(t, "main.go"), "\npackage main\n")
	require.True(t, ok)
	assert.Equal(t, []string{"package main\n" + program}, blocks(t, "../../README.md"))
}

// Every Go block in a module's README or in docs is part of an example of a
// module or of a program beside this one, so that it compiles.
func TestBlocksCompile(t *testing.T) {
	pages := glob(t, "../../*/README.md", "../../*/*/README.md", "../../docs/*.md")
	var sources []string
	for _, name := range glob(t, "../../*/example*_test.go", "../../*/*/example*_test.go", "../*/*.go") {
		source := read(t, name)
		// A block that is the body of a function stands one tab further left.
		sources = append(sources, source, strings.ReplaceAll(source, "\n\t", "\n"))
	}
	for _, page := range pages {
		for i, block := range blocks(t, page) {
			compiled := slices.ContainsFunc(sources, func(source string) bool { return strings.Contains(source, block) })
			assert.True(t, compiled, "%s: Go block %d is in no example:\n%s", page, i+1, block)
		}
	}
}

// A released module has a README with an example, and a changelog.
func TestModulePages(t *testing.T) {
	for _, name := range glob(t, "../../*/go.mod") {
		dir := filepath.Dir(name)
		if base := filepath.Base(dir); base == "examples" || base == "internal" {
			continue // never released
		}
		assert.NotEmpty(t, blocks(t, filepath.Join(dir, "README.md")), "examples in the README of %s", dir)
		assert.Contains(t, read(t, filepath.Join(dir, "CHANGELOG.md")), "\n## Unreleased\n")
	}
}

var fenced = regexp.MustCompile("(?s)```go\n(.*?)```\n")

// blocks returns the Go blocks of a Markdown file.
func blocks(t *testing.T, name string) []string {
	t.Helper()
	var found []string
	for _, match := range fenced.FindAllStringSubmatch(read(t, name), -1) {
		found = append(found, match[1])
	}
	return found
}

func glob(t *testing.T, patterns ...string) []string {
	t.Helper()
	var names []string
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.FromSlash(pattern))
		require.NoError(t, err)
		names = append(names, found...)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}
