package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exported is what testdata/m exports.
const exported = `example.test/m: const Limit time.Duration = 1000000000
example.test/m: field Outer.Number Number
example.test/m: field Pair.Key K
example.test/m: func Make[T any](string, ...T) (int, error)
example.test/m: func OnlyHere() // windows
example.test/m: method (*Number) Set(Number)
example.test/m: method (*Outer) Set(Number)
example.test/m: method (Pair) Rest() V
example.test/m: type Number int
example.test/m: type Outer struct
example.test/m: type Pair[K comparable, V any] struct
example.test/m: type Reader interface{Read(p []byte) (int, error)}
example.test/m: type Same = io.Reader
example.test/m: var Sentinel error
`

// check runs the program over testdata/m, with a listing of that content.
func check(t *testing.T, listing string, args ...string) (code int, printed, complaint, after string) {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "m.txt")
	if listing != "" {
		require.NoError(t, os.WriteFile(name, []byte(listing), 0o600))
	}
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), append([]string{"-root", "testdata", "-listings", dir}, append(args, "m")...), &stdout, &stderr)
	data, err := os.ReadFile(name)
	if listing != "" {
		require.NoError(t, err)
	}
	return code, stdout.String(), stderr.String(), string(data)
}

func TestRun(t *testing.T) {
	code, _, complaint, after := check(t, "", "-write")
	require.Zero(t, code, complaint)
	assert.Equal(t, exported, after)

	code, printed, complaint, _ := check(t, exported)
	assert.Zero(t, code, complaint)
	assert.Equal(t, "m: compared with its listing: 0 new, 0 gone\n", printed)

	code, printed, complaint, _ = check(t, strings.Replace(exported, "example.test/m: var Sentinel error\n", "", 1))
	assert.Zero(t, code, complaint)
	assert.Equal(t, "m: compared with its listing: 1 new, 0 gone\n  + example.test/m: var Sentinel error\n", printed)
}

// Something is gone: the changelog has to say so, and where it is looked for.
func TestRun_Incompatible(t *testing.T) {
	old := strings.Replace(exported, "type Number int", "type Number uint", 1)
	code, printed, complaint, _ := check(t, old)
	assert.Equal(t, 1, code)
	assert.Equal(t, "m: compared with its listing: 1 new, 1 gone\n  - example.test/m: type Number uint\n  + example.test/m: type Number int\n", printed)
	assert.Equal(t, "api: m: CHANGELOG.md: nothing under \"### Incompatible\" of \"## Unreleased\" names Number: example.test/m: type Number uint\n", complaint)

	old = strings.Replace(exported, "Rest() V", "Rest() K", 1)
	code, printed, complaint, _ = check(t, old)
	assert.Zero(t, code, complaint, "which testdata/m/CHANGELOG.md tells of")
	assert.Contains(t, printed, "  - example.test/m: method (Pair) Rest() K\n")
}

func TestRun_Fails(t *testing.T) {
	code, _, complaint, _ := check(t, "")
	assert.Equal(t, 1, code)
	assert.Contains(t, complaint, "m.txt: no such file or directory: api -write makes it")

	var stdout, stderr bytes.Buffer
	assert.Equal(t, 1, run(t.Context(), []string{"-root", t.TempDir()}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "go.work")
	assert.Equal(t, 2, run(t.Context(), []string{"-nope"}, &stdout, &stderr))
	assert.Zero(t, run(t.Context(), []string{"-h"}, &stdout, &stderr))
}

// What does not compile has no API.
func TestList_Broken(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.test/m\n\ngo 1.26\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "m.go"), []byte("package m\n\nfunc F() Nothing\n"), 0o600))
	_, err := list(t.Context(), dir)
	assert.ErrorContains(t, err, "for linux: ")
	assert.ErrorContains(t, err, "undefined: Nothing")
}
