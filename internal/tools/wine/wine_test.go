package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// needWine skips where wine64 is not installed; CI has to have it.
func needWine(t *testing.T) {
	t.Helper()
	_, err := installed(t.Context())
	switch {
	case err == nil:
	case errors.Is(err, os.ErrNotExist) && os.Getenv("CI") != "true":
		t.Skip("needs Debian's package wine64:", err)
	default:
		t.Fatal(err)
	}
}

// probe makes a module of testdata/probe.
func probe(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/probe")); err != nil {
		t.Fatal(err)
	}
	mod := []byte("module probe.test\n\ngo 1.26.0\n")
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// freshPrefix names a prefix that does not exist yet. Debian's wine keeps its
// socket in /tmp, in a directory that the prefix names: nobody else removes it.
func freshPrefix(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a prefix")
	t.Cleanup(func() {
		name, err := os.ReadFile(filepath.Join(dir, "wineserver"))
		if err == nil && strings.HasPrefix(string(name), "wine-") {
			os.RemoveAll(filepath.Join("/tmp", filepath.Base(string(name))))
		}
	})
	return dir
}

func TestRunUnderWine(t *testing.T) {
	needWine(t)
	dir, prefix := probe(t), freshPrefix(t)
	tests := []struct {
		name string
		args []string
		env  string // PROBE_FAIL
		code int
		want string // in the output
	}{
		{"fresh prefix", []string{dir}, "", 0, "ok    " + dir + ": packages: 1 passed, 0 failed, 0 without"},
		{"used prefix, two modules", []string{dir, dir, "--", "-v", "-run", "TestUDP|TestRandom"}, "", 0, "--- PASS: TestRandom"},
		{"failing test", []string{dir}, "1", 1, "a failure, as wanted"},
		{"no test", []string{dir, "--", "-run", "TestNone"}, "", 1, "packages: 0 passed, 0 failed, 1 without"},
		{"no time", []string{"-timeout", "1ns", dir}, "", 1, "not done after -timeout 1ns"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("PROBE_FAIL", tt.env)
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), append([]string{"-prefix", prefix}, tt.args...), &stdout, &stderr)
			if out := stdout.String() + stderr.String(); code != tt.code || !strings.Contains(out, tt.want) {
				t.Errorf("code %d, want %d and %q in:\n%s", code, tt.code, tt.want, out)
			}
		})
	}
}

// A test program that hangs ends with the run, and so does all of wine.
func TestCancelStopsWine(t *testing.T) {
	needWine(t)
	t.Setenv("PROBE_HANG", "1")
	prefix := freshPrefix(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	hangs := errors.New("seen to hang")
	var running []string
	stdout := &watcher{text: "hanging, as wanted", found: func() {
		running = processes(t, prefix)
		cancel(hangs)
	}}
	var stderr bytes.Buffer
	code := run(ctx, []string{"-prefix", prefix, probe(t), "--", "-v", "-run", "TestWanted"}, stdout, &stderr)
	if code != 1 || !strings.Contains(stderr.String(), hangs.Error()) {
		t.Errorf("code %d:\n%s%s", code, stdout.all, &stderr)
	}
	if left := processes(t, prefix); len(running) == 0 || len(left) > 0 {
		t.Errorf("were running: %q; still are: %q", running, left)
	}
}

// A watcher calls found once, when text was written.
type watcher struct {
	text  string
	found func()
	all   []byte
}

func (w *watcher) Write(b []byte) (int, error) {
	before := bytes.Contains(w.all, []byte(w.text))
	w.all = append(w.all, b...)
	if !before && bytes.Contains(w.all, []byte(w.text)) {
		w.found()
	}
	return len(b), nil
}

// processes returns the command lines of what runs in a prefix.
func processes(t *testing.T, prefix string) (found []string) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(dirs) == 0 {
		t.Error("no /proc:", err)
	}
	for _, dir := range dirs {
		if env, _ := os.ReadFile(filepath.Join(dir, "environ")); bytes.Contains(env, []byte("WINEPREFIX="+prefix)) {
			line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
			found = append(found, string(line))
		}
	}
	return found
}
