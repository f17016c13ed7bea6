package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/strata-net/strata/internal/tools/results"
)

// repo is the repository, seen from this folder.
var repo = filepath.Join("..", "..", "..")

// TestCurrent: the committed data is what the committed Markdown says.
func TestCurrent(t *testing.T) {
	for _, n := range written {
		set, err := results.Read(filepath.Join(repo, "docs", "plots", "data", n.name))
		require.NoError(t, err)
		if set.Source == "" {
			continue // it was measured since
		}
		found, text, err := n.tables(repo)
		require.NoError(t, err)
		machine, err := machine(text)
		require.NoError(t, err)
		assert.Equal(t, []any{n.source, found.Command, found.Tables, n.conditions, machine}, []any{set.Source, set.Command, set.Tables, set.Conditions, set.Machine},
			"%s: commit the Markdown, then run GOWORK=off go run -C internal/tools ./measure", n.name)
		assert.Regexp(t, `^[0-9a-f]{12}$`, set.Commit)
		assert.Regexp(t, `^20\d\d-\d\d-\d\d$`, set.Date)
		assert.NotEmpty(t, set.Modules)
	}
}

const (
	program = `package main

import "fmt"

func main() { fmt.Print("go1.26.8, Linux 6.1, 2 CPUs: A (R) thing. 3 rounds.\n\n| x | ratio |\n|---|---|\n| a | 1.00 |\n") }
`
	mod = `module x

go 1.26

require (
	example.com/a v1.2.3
	example.com/b v1.0.0 // indirect
	github.com/strata-net/strata/sockopt v0.1.0
	github.com/stretchr/testify v1.12.1
)
`
)

// project is a repository with a program that measures, and what it measured before.
func project(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range map[string]string{
		"b/main.go": program, "b/go.mod": "module b\n\ngo 1.26\n", "internal/go.mod": mod,
		"results.md": "go1.26.8, Linux 6.1, 2 CPUs,\nA thing, a virtual machine.\n\n`go run -C b .`: x\n\n| x | ratio |\n|---|---|\n| a | 1.00 |\n",
	} {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "m"}} {
		_, err := git(dir, args...)
		require.NoError(t, err)
	}
	return dir
}

// TestRecord runs a command, shows what it prints, and keeps it.
func TestRecord(t *testing.T) {
	dir := project(t)
	var out bytes.Buffer
	require.NoError(t, run(dir, []string{"-o", "x.json", "-conditions", "busy", "GOWORK=off", "go", "run", "-C", "b", "."}, &out))
	assert.Contains(t, out.String(), "| a | 1.00 |")
	set, err := results.Read(filepath.Join(dir, "x.json"))
	require.NoError(t, err)
	assert.Regexp(t, `^20\d\d-\d\d-\d\d$`, set.Date)
	assert.Regexp(t, `^[0-9a-f]{12}$`, set.Commit)
	set.Date, set.Commit = "", ""
	assert.Equal(t, &results.Set{
		Command: "GOWORK=off go run -C b .", Machine: "go1.26.8, Linux 6.1, 2 CPUs: A (R) thing", Conditions: "busy", Modules: map[string]string{"example.com/a": "v1.2.3"},
		Tables: []results.Table{{Columns: []string{"x", "ratio"}, Rows: [][]string{{"a", "1.00"}}}},
	}, set)
}

func TestRecordRefuses(t *testing.T) {
	dir := project(t)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-o", "x.json"}, "-o and a command go together"},
		{[]string{"go", "run", "."}, "-o and a command go together"},
		{[]string{"-x"}, "flag provided but not defined: -x"},
		{[]string{"-o", "x.json", "false"}, "[false]: exit status 1"},
		{[]string{"-o", "x.json", "echo", "a b"}, "echo 'a b': it is no `go run`, or printed no table"},
		{[]string{"-o", "x.json", "go", "version"}, "go version: it is no `go run`, or printed no table"},
		{nil, "results.md: no such file"},
	} {
		var out bytes.Buffer
		assert.ErrorContains(t, run(dir, tc.args, &out), tc.want)
	}
	assert.NoFileExists(t, filepath.Join(dir, "x.json"))
}

// TestTake: what is written down has the day, the commit and the versions of its commit.
func TestTake(t *testing.T) {
	dir := project(t)
	n := note{"x.json", "results.md", "go run -C b .", "idle"}
	set, err := n.take(dir)
	require.NoError(t, err)
	head, err := git(dir, "show", "-s", "--date=format-local:%Y-%m-%d", "--format=%H %cd", "HEAD")
	require.NoError(t, err)
	assert.Equal(t, head[:12], set.Commit)
	assert.Len(t, set.Date, 10)
	assert.Equal(t, "go1.26.8, Linux 6.1, 2 CPUs: A thing", set.Machine)
	assert.Equal(t, map[string]string{"example.com/a": "v1.2.3"}, set.Modules)

	name := filepath.Join(dir, "results.md")
	content, err := os.ReadFile(name)
	require.NoError(t, err)
	for old, want := range map[string]string{"1.00": "are not committed", "Linux": "no machine in it", "go run": "no tables of go run -C b ."} {
		require.NoError(t, os.WriteFile(name, bytes.Replace(content, []byte(old), []byte("2.00"), 1), 0o600))
		_, err = n.take(dir)
		assert.ErrorContains(t, err, want)
	}
}

func TestShell(t *testing.T) {
	assert.Equal(t, `go run ./x -way 'a|b' '' 'it'\''s' -n=1`, shell([]string{"go", "run", "./x", "-way", "a|b", "", "it's", "-n=1"}))
	assert.Equal(t, "internal/bench/virtual/go.mod", requirements("GOWORK=off go run -C internal/bench/virtual ."))
	_, err := versions([]byte("?"))
	assert.Error(t, err)
}
