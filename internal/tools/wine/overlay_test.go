package main

import (
	"bytes"
	"encoding/json"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func testRoot(t *testing.T) string {
	t.Helper()
	root, err := goroot(t.Context(), ".", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestPatchesFitThisGo(t *testing.T) {
	root := testRoot(t)
	for _, p := range patches {
		t.Run(p.file, func(t *testing.T) {
			src, err := os.ReadFile(filepath.Join(root, "src", p.file))
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(src)
			out, err := p.apply(src)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(src, before) {
				t.Error("apply changed its argument")
			}
			if _, err := parser.ParseFile(token.NewFileSet(), p.file, out, parser.AllErrors); err != nil {
				t.Error(err)
			}
			if formatted, err := format.Source(out); err != nil || !bytes.Equal(formatted, out) {
				t.Error("not formatted", err)
			}
			if lost, added := changed(src, out), changed(out, src); len(lost) != 1 || len(added) > 2 || !strings.Contains(added[0], "wine") {
				t.Errorf("lines lost %q, added %q: want one replaced", lost, added)
			}
		})
	}
}

// changed returns the lines of a, without their space, that b does not have.
func changed(a, b []byte) (lines []string) {
	words := func(line string) string { return strings.Join(strings.Fields(line), " ") }
	has := map[string]int{}
	for line := range strings.Lines(string(b)) {
		has[words(line)]++
	}
	for line := range strings.Lines(string(a)) {
		if has[words(line)]--; has[words(line)] < 0 {
			lines = append(lines, words(line))
		}
	}
	return lines
}

func TestOverlayCompiles(t *testing.T) {
	list, err := overlay(testRoot(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]map[string]string
	if b, err := os.ReadFile(list); err != nil || json.Unmarshal(b, &content) != nil || len(content["Replace"]) != len(patches) {
		t.Fatalf("list %+v, %v: want %d files", content, err, len(patches))
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay="+list, "net", "internal/syscall/windows")
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestPatchRefuses(t *testing.T) {
	p := patch{file: "x/y.go", after: "anchor()", old: "old()", new: "new()"}
	const head = "package x\n\nfunc f() {\n"
	tests := []struct {
		name, src string
		p         patch
		want      string
	}{
		{"no anchor", head + "\told()\n}\n", p, `"anchor()" is there 0 times`},
		{"two anchors", head + "\tanchor()\n\told()\n\tanchor()\n}\n", p, "is there 2 times"},
		{"old text before the anchor", head + "\told()\n\tanchor()\n}\n", p, `no "old()" within`},
		{"old text far away", head + "\tanchor()\n" + strings.Repeat("\tother()\n", 30) + "\told()\n}\n", p, `no "old()" within`},
		{"not Go any more", head + "\tanchor()\n\told()\n}\n", patch{p.file, p.after, p.old, "new("}, "expected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := tt.p.apply([]byte(tt.src))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), p.file) {
				t.Errorf("got %s, error %v; want %q", out, err, tt.want)
			}
		})
	}
}

func TestOverlayNamesMissingFile(t *testing.T) {
	_, err := overlay(t.TempDir(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), patches[0].file) {
		t.Errorf("got %v, want an error that names %s", err, patches[0].file)
	}
}
