package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// spec is the module with the schema, seen from this folder.
const spec = "../../../spec"

const head = `syntax = "proto3";
package strata.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
`

// folder writes a module with one .proto file.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "spec")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "strata", "v1"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "strata", "v1", "x.proto"), []byte(head+text), 0o600))
	return dir
}

func loaded(t *testing.T, text string) *schema {
	t.Helper()
	s, err := load(folder(t, text))
	require.NoError(t, err)
	return s
}
