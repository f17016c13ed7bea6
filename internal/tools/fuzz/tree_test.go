package main

import (
	"bytes"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTree is what holds for the tree of this repository.
func TestTree(t *testing.T) { assert.NoError(t, checkDir("../../..")) }

func TestCheck(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tree := fstest.MapFS{
		"docs/fuzzing.md":             file("| target | reads |\n|---|---|\n| `a/b.FuzzX` | all |\n"),
		"a/b/x_test.go":               file("package b\n\nfunc FuzzX(f *testing.F) {}\n\nfunc (y) FuzzY(f *testing.F) {}\n\nconst s = `\nfunc FuzzZ(`\n"),
		"a/b/testdata/fuzz/FuzzX/1":   file("go test fuzz v1\n"),
		".git/a_test.go":              file("func FuzzHidden("),
		"a/b/testdata/other/FuzzNo/1": file(""),
	}
	require.NoError(t, check(tree))
	tree["a/b/testdata/fuzz/FuzzOld/1"] = file("")
	tree["a/b/testdata/fuzz/FuzzX/2"] = file(string(bytes.Repeat([]byte("x"), maxKept+1)))
	tree["c/x_test.go"] = file("package c\n\nfunc FuzzNew(f *testing.F) {}\n")
	tree["docs/fuzzing.md"] = file("| `a/b.FuzzX` |\n| `a/b.FuzzX` |\n| `a.FuzzGone` |\n")
	err := check(tree)
	for _, want := range []string{
		"a/b.FuzzOld: has inputs in testdata/fuzz, and no function",
		"a/b.FuzzX: has 2 inputs of up to 1025 bytes: at most 24 of 1024 may be committed",
		"c.FuzzNew: no input is committed in testdata/fuzz: run it with -keep 12",
		"c.FuzzNew: has no row in docs/fuzzing.md",
		"a/b.FuzzX: has two rows in docs/fuzzing.md",
		"a.FuzzGone: has a row in docs/fuzzing.md, and no function",
	} {
		assert.ErrorContains(t, err, want)
	}
	require.ErrorIs(t, err, errNoCorpus)
	tree["c/x_test.go"] = file("package c\n\nfunc FuzzNew(\n")
	require.ErrorContains(t, check(tree), "c/x_test.go:")
	delete(tree, "docs/fuzzing.md")
	tree["c/x_test.go"] = file("")
	require.ErrorContains(t, check(tree), page)
}
