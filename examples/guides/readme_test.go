package guides

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every Go block in a module's README or in docs is part of an example of a
// module or of a program beside this one, so that it compiles.
func TestBlocksCompile(t *testing.T) {
	pages := glob(t, root+"/*/README.md", root+"/*/*/README.md", root+"/docs/*.md")
	var sources []string
	for _, name := range glob(t, root+"/*/example*_test.go", root+"/*/*/example*_test.go", "../*/*.go", "*/*.go") {
		source := read(t, name)
		// A block that is the body of a function stands one tab further left.
		sources = append(sources, source, strings.ReplaceAll(source, "\n\t", "\n"))
	}
	for _, page := range pages {
		for _, b := range blocks(t, page) {
			compiled := b.kind != "go" || slices.ContainsFunc(sources, func(source string) bool { return strings.Contains(source, b.text) })
			assert.True(t, compiled, "%s:%d: the Go block is in no example:\n%s", page, b.line, b.text)
		}
	}
}

// A released module has a README with an example, and a changelog.
func TestModulePages(t *testing.T) {
	for _, name := range glob(t, root+"/*/go.mod", root+"/*/*/go.mod") {
		dir := filepath.Dir(name)
		if strings.HasPrefix(name, filepath.FromSlash(root+"/examples/")) || strings.HasPrefix(name, filepath.FromSlash(root+"/internal/")) {
			continue // never released
		}
		assert.NotEmpty(t, of("go", blocks(t, filepath.Join(dir, "README.md"))), "examples in the README of %s", dir)
		assert.Contains(t, read(t, filepath.Join(dir, "CHANGELOG.md")), "\n## Unreleased\n")
	}
}
