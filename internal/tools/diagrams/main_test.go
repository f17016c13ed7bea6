package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repo is the repository, seen from this folder.
var repo = filepath.Join("..", "..", "..")

// TestCheck passes on the tree as it is.
func TestCheck(t *testing.T) { require.NoError(t, run(repo, true)) }

const small = "// title: T\n// desc: D\n// desc: and E\ndigraph { bgcolor=\"#fdfdfe\" a [label=\"\" color=\"#1f2328\"] }\n"

// folder is a repository with a diagram, whose generated texts are those of the tree.
func folder(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.dot"), []byte(small), 0o600))
	return dir
}

// TestStale names each file that is not current, and each picture whose text is gone.
func TestStale(t *testing.T) {
	if _, err := exec.LookPath("dot"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("dot of Debian's package graphviz is missing")
		}
		t.Skip("dot of Debian's package graphviz is missing")
	}
	name := filepath.Join(folder(t), "a.dot")
	require.ErrorIs(t, picture(name, true), os.ErrNotExist)
	require.NoError(t, picture(name, false))
	require.NoError(t, picture(name, true))
	first, err := os.ReadFile(drawnFrom(name))
	require.NoError(t, err)
	assert.Contains(t, string(first), `<desc id="desc">D and E</desc>`)
	require.NoError(t, picture(name, false))
	again, err := os.ReadFile(drawnFrom(name))
	require.NoError(t, err)
	assert.Equal(t, first, again)

	require.NoError(t, os.WriteFile(name, []byte(small+"\n"), 0o600))
	require.ErrorContains(t, picture(name, true), "a.svg is not current: run GOWORK=off go run -C internal/tools ./diagrams")
	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(small, "#1f2328", "red", 1)), 0o600))
	require.ErrorContains(t, picture(name, false), `"red" is not a colour of the palette`)
	require.NoError(t, os.WriteFile(name, []byte(small+"}"), 0o600))
	require.ErrorContains(t, picture(name, false), "a.dot: ")
}

func TestOrphans(t *testing.T) {
	dir := folder(t)
	text := filepath.Join(dir, "a.dot")
	require.NoError(t, os.WriteFile(drawnFrom(text), nil, 0o600))
	require.NoError(t, orphans(dir, []string{text}))
	assert.ErrorContains(t, orphans(dir, nil), "a.svg has no text beside it")
}

func TestUpdate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	require.ErrorIs(t, update(name, nil, true), os.ErrNotExist)
	require.NoError(t, update(name, []byte("a"), false))
	require.NoError(t, update(name, []byte("a"), true))
	assert.ErrorContains(t, update(name, []byte("b"), true), "x is not current: run ")
}

// TestRefused: a text says what it is, and names a program of Graphviz and nothing else.
func TestRefused(t *testing.T) {
	for _, head := range []string{"digraph {}", "// title: T\n", "// desc: D\n", "\n// title: T\n// desc: D\n", "// title: T\n// desc: D\n// layout: sh -c\n"} {
		name := filepath.Join(t.TempDir(), "a.dot")
		require.NoError(t, os.WriteFile(name, []byte(head), 0o600))
		_, err := read(name)
		assert.ErrorContains(t, err, "a.dot: want comments with title, desc", head)
	}
}

// TestFiles: the files that the request's way names are there.
func TestFiles(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(repo, "docs", "diagrams", "request.dot"))
	require.NoError(t, err)
	names := regexp.MustCompile(`\b[a-z0-9_]+\.go\b`).FindAllString(string(content), -1)
	require.Greater(t, len(names), 10)
	for _, name := range names {
		assert.FileExists(t, filepath.Join(repo, "examples", "gateway", name))
	}
}

// TestShown: every diagram is on the page of all diagrams.
func TestShown(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(repo, "docs", "diagrams", "README.md"))
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(repo, "docs", "diagrams", "*.svg"))
	require.NoError(t, err)
	require.Len(t, names, 5)
	for _, name := range names {
		assert.Contains(t, string(page), "]("+filepath.Base(name)+")")
	}
}

// TestModules: an arrow that follows from others is left out, and what only tests require too.
func TestModules(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	mod := func(name string, needs ...string) {
		text := "module " + repository + name + "\ngo 1.26\n"
		for _, need := range needs {
			text += "require " + need + " v0.1.0\n"
		}
		write(name+"/go.mod", text)
	}
	write("go.work", "go 1.26\nuse (\n./a\n./b\n./c\n./examples\n)\n")
	write("internal/tools/release/linked.txt", "# x: y\n\na: 2\n  "+repository+"b\n  "+repository+"c\n\nb: 3\n  "+repository+"c\n  example.com/x\n\nc: 0\n")
	mod("a", repository+"b", repository+"c", "example.com/y")
	mod("b", repository+"c", "example.com/x")
	mod("c", "example.com/x")
	mod("examples", repository+"a", "example.com/z")

	text, err := modules(dir)
	require.NoError(t, err)
	arrows := regexp.MustCompile(`"\w+" -> "\w+"`).FindAllString(string(text), -1)
	assert.Equal(t, []string{`"a" -> "b"`, `"b" -> "c"`, `"examples" -> "a"`}, arrows)
	assert.Contains(t, string(text), "desc: a requires b, c; b requires c; examples is not released; the others require no sibling.\n")
	assert.Equal(t, 1, strings.Count(string(text), "example.com/"), "%s", text)
	assert.Contains(t, string(text), "\t{rank=min; \"examples\"}\n\t{rank=max; \"c\"}\n")

	mod("c", repository+"d")
	write("internal/tools/release/linked.txt", "c: 0\n  "+repository+"d\n")
	_, err = modules(dir)
	require.ErrorContains(t, err, "c requires d, which is not in go.work")
	for _, name := range []string{"a/go.mod", "go.work"} {
		write(name, "?")
		_, err = modules(dir)
		require.ErrorContains(t, err, name)
	}
	for _, name := range []string{"go.work", "internal/tools/release/linked.txt"} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		_, err = modules(dir)
		require.ErrorIs(t, err, os.ErrNotExist)
		write(name, "go 1.26\n")
	}
}

// TestSimulation: the same run each time, or the reason why there is none.
func TestSimulation(t *testing.T) {
	text, err := simulation(repo)
	require.NoError(t, err)
	assert.Contains(t, string(text), `label="ask t1 log 0 (loss)"`)
	assert.Contains(t, string(text), `label="ask t1 log 0 again"`)
	again, err := simulation(repo)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
	_, err = simulation(t.TempDir())
	require.ErrorContains(t, err, "go run ./examples/raftlike")
}
