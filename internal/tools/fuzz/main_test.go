package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const tests = `package parser

import "testing"

func FuzzGood(f *testing.F) {
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 3 && s[0] == 'a' {
			println("new")
		}
	})
}

func FuzzBad(f *testing.F) {
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2 {
			t.Error("too long")
		}
	})
}
`

// module is one with a good target and one that fails.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/parser\n\ngo 1.26\n", "parser_test.go": tests} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func run(t *testing.T, dir, match string, keep int) (string, error) {
	t.Helper()
	s := settings{time: 3 * time.Second, jobs: 2, keep: keep, temp: t.TempDir(), only: regexp.MustCompile(match)}
	all, err := find(t.Context(), s, dir)
	require.NoError(t, err)
	runAll(t.Context(), s, all)
	var b strings.Builder
	err = report(&b, all)
	return b.String(), err
}

func TestGood(t *testing.T) {
	t.Setenv("GOWORK", "off")
	dir := module(t)
	table, err := run(t, dir, "Good$", 2)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^example.com/parser.FuzzGood +2 +[1-9]\d* +2 +ok$`, table)
	assert.NotContains(t, table, "FuzzBad")
	kept, err := filepath.Glob(filepath.Join(dir, "testdata", "fuzz", "FuzzGood", "*"))
	require.NoError(t, err)
	assert.Len(t, kept, 2)
}

// TestEnded: a program that dies of the interrupt found nothing; one that is killed hung.
func TestEnded(t *testing.T) {
	for script, want := range map[string]bool{"exit 0": true, "kill -INT $$": true, "exit 1": false, "kill -KILL $$": false} {
		_, err := command(t.Context(), "", "sh", "-c", script)
		assert.Equal(t, want, ended(err), script)
	}
	assert.True(t, ended(context.DeadlineExceeded))
	assert.False(t, ended(context.Canceled))
}

// TestStarved: the first tries are too short to begin with.
func TestStarved(t *testing.T) {
	t.Setenv("GOWORK", "off")
	s := settings{time: 300 * time.Millisecond, jobs: 1, keep: 1, temp: t.TempDir(), only: regexp.MustCompile("Good$")}
	all, err := find(t.Context(), s, module(t))
	require.NoError(t, err)
	require.Len(t, all, 1)
	runAll(t.Context(), s, all)
	require.NoError(t, all[0].err)
	assert.Positive(t, all[0].inputs)
	s.time = time.Nanosecond
	require.ErrorIs(t, all[0].run(t.Context(), s), errNoInput)
}

// TestNoCorpus: nothing may be left to luck in the 20 seconds of the next run.
func TestNoCorpus(t *testing.T) {
	t.Setenv("GOWORK", "off")
	table, err := run(t, module(t), "Good$", 0)
	require.ErrorIs(t, err, errNoCorpus)
	assert.Regexp(t, `FuzzGood +0 +[1-9]\d* +0 +FAILED`, table)
}

func TestBad(t *testing.T) {
	t.Setenv("GOWORK", "off")
	dir := module(t)
	table, err := run(t, dir, "", 1)
	require.ErrorContains(t, err, "example.com/parser.FuzzBad: exit status 1")
	require.ErrorContains(t, err, "too long")
	assert.Regexp(t, `FuzzBad +1 +0 +0 +FAILED`, table) // what it failed on is there
	assert.Contains(t, table, "2 targets")
	assert.Contains(t, table, "1 failed")
}

func TestNoTarget(t *testing.T) {
	t.Setenv("GOWORK", "off")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/empty\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n"), 0o600))
	assert.EqualError(t, start(t.Context(), settings{time: time.Second, jobs: 1}, "", []string{dir}), "no fuzz target")
	assert.ErrorContains(t, start(t.Context(), settings{time: time.Second, jobs: 1}, "(", []string{dir}), "-match: ")
	assert.ErrorContains(t, start(t.Context(), settings{}, "", nil), "module")
}
