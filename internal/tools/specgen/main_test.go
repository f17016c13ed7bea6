package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCheck passes on the tree as it is.
func TestCheck(t *testing.T) {
	require.NoError(t, run("../../..", true))
}

// TestStale names each file that is not current, also one of a message that is gone.
func TestStale(t *testing.T) {
	dir := filepath.Dir(folder(t, "// A is a thing.\nmessage A {}"))
	require.ErrorIs(t, run(dir, true), os.ErrNotExist)
	require.NoError(t, run(dir, false))
	require.NoError(t, run(dir, true))

	page, gone := filepath.Join(dir, "docs", "spec.md"), filepath.Join(dir, "spec", "schema", "Gone.json")
	require.NoError(t, os.WriteFile(page, nil, 0o600))
	require.NoError(t, os.WriteFile(gone, nil, 0o600))
	err := run(dir, true)
	require.ErrorContains(t, err, page+" is not current")
	require.ErrorContains(t, err, gone+" is not current")
	require.NoError(t, run(dir, false))
	require.NoError(t, run(dir, true))
	assert.NoFileExists(t, gone)
}

// TestRunRefuses what the rules do, and writes nothing.
func TestRunRefuses(t *testing.T) {
	dir := filepath.Dir(folder(t, "message A {}"))
	require.ErrorContains(t, run(dir, false), "A: lacks a comment")
	assert.NoDirExists(t, filepath.Join(dir, "docs"))
}
