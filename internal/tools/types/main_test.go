package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// module writes a module whose file for Plan 9 and whose test for OpenBSD are wrong.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":            "module example.com/m\n\ngo 1.26\n",
		"a.go":              "package m\n\nimport \"syscall\"\n\nvar Call = syscall.Getpid\n",
		"a_plan9.go":        "package m\n\nvar Wrong int = \"text\"\n",
		"a_openbsd_test.go": "package m_test\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { unknown() }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := module(t)
	for platform, want := range map[string]string{
		"linux/arm64":   "",
		"js/wasm":       "",
		"plan9/amd64":   "a_plan9.go:3:17: cannot use \"text\"",
		"openbsd/amd64": "a_openbsd_test.go:5:28: undefined: unknown",
		"linux/none":    "unsupported GOOS/GOARCH",
	} {
		var out, words strings.Builder
		code := run(t.Context(), []string{"-root", dir, "-packages", "./...", platform}, &out, &words)
		if want == "" {
			assert.Zero(t, code, platform)
			assert.Contains(t, out.String(), platform+" ")
			assert.Empty(t, words.String())
			continue
		}
		assert.Equal(t, 1, code, platform)
		assert.Empty(t, out.String())
		assert.Contains(t, words.String(), "types: "+platform+": ")
		assert.Contains(t, words.String(), want)
		assert.LessOrEqual(t, strings.Count(words.String(), want), 1, "once")
	}
}

func TestWithoutTests(t *testing.T) {
	var out, words strings.Builder
	assert.Zero(t, run(t.Context(), []string{"-root", module(t), "-packages", "./...", "-tests=false", "openbsd/amd64"}, &out, &words))
	assert.Contains(t, out.String(), "openbsd/amd64   1 packages, ")
}

func TestUsage(t *testing.T) {
	var out, words strings.Builder
	assert.Equal(t, 2, run(t.Context(), nil, &out, &words))
	assert.Contains(t, words.String(), "name a platform")
	assert.Equal(t, 2, run(t.Context(), []string{"-none"}, &out, &words))
	assert.Zero(t, run(t.Context(), []string{"-h"}, &out, &words))
	words.Reset()
	assert.Equal(t, 1, run(t.Context(), []string{"-root", module(t), "-packages", "./none/...", "linux/arm64"}, &out, &words))
	assert.NotEmpty(t, words.String())
}
