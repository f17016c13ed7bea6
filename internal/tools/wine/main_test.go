package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// workspaceDir makes a workspace with the module m and goes to a directory
// below it.
func workspaceDir(t *testing.T) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"m", "internal/tools"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"go.work", "m/go.mod"} {
		if err := os.WriteFile(filepath.Join(root, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(root, "internal", "tools"))
	return root
}

func TestParse(t *testing.T) {
	root := workspaceDir(t)
	m := filepath.Join(root, "m")
	cl, err := parse([]string{"-prefix", "p", "-timeout", "3m", "m", m, "--", "-v", "--", "x"})
	if err != nil {
		t.Fatal(err)
	}
	if cl.prefix != filepath.Join(root, "internal", "tools", "p") || cl.timeout != 3*time.Minute {
		t.Errorf("prefix %s, timeout %v", cl.prefix, cl.timeout)
	}
	if !slices.Equal(cl.modules, []string{m, m}) || !slices.Equal(cl.flags, []string{"-v", "--", "x"}) {
		t.Errorf("modules %q, flags %q", cl.modules, cl.flags)
	}
}

func TestDefaultPrefix(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	if dir, err := prefixDir(""); err != nil || dir != "/cache/strata/wine" {
		t.Errorf("got %s, %v", dir, err)
	}
}

func TestCommandLineErrors(t *testing.T) {
	workspaceDir(t)
	tests := []struct {
		name string
		args []string
		want []string
	}{
		{"nothing", nil, []string{"no MODULEDIR"}},
		{"only go test flags", []string{"--", "-v"}, []string{"no MODULEDIR"}},
		{"flag after a module", []string{"m", "-v"}, []string{"MODULEDIR -v"}},
		{"unknown flag", []string{"-v", "m"}, []string{"-v"}},
		{"every missing module", []string{"x", "m", "y"}, []string{"MODULEDIR x", "MODULEDIR y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tt.args, &stdout, &stderr); code != 2 || stdout.Len() > 0 {
				t.Errorf("code %d, output %q", code, &stdout)
			}
			for _, want := range append(tt.want, usage) {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("no %q in %q", want, &stderr)
				}
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-h"}, &stdout, &stderr); code != 0 || stdout.String() != usage {
		t.Errorf("code %d, output %q, errors %q", code, &stdout, &stderr)
	}
}

func TestNoWorkspace(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := moduleDirs([]string{"m"}); err == nil || !strings.Contains(err.Error(), "no go.work") {
		t.Errorf("got %v", err)
	}
	if _, err := moduleDirs([]string{"/does/not/exist"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
