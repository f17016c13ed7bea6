package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A footprint is what a module costs the program that uses it.
type footprint struct {
	lines  int      // of go.sum
	linked []string // paths of the modules of which the program has packages
	got    got
}

// print prints what was found, and what was got if that is asked for.
func (fp *footprint) print(w io.Writer, m *module, all bool) {
	fmt.Fprintf(w, "ok  %-10s %s: %d lines of go.sum, links %d modules\n", m.dir, m.version, fp.lines, len(fp.linked))
	if all {
		fp.got.print(w, m)
	}
}

// platforms are those for which a consumer's program is linked.
var platforms = []string{"linux", "windows", "darwin"}

// consume makes a program that imports every public package of m, builds it and tells
// what it links, on all platforms together.
func (w *workshop) consume(ctx context.Context, m *module, version string) (footprint, error) {
	packages, err := w.packages(ctx, m)
	if err != nil {
		return footprint{}, err
	}
	dir := filepath.Join(w.dir, "consumer", filepath.FromSlash(m.dir))
	if err := program(dir, m.file.Go.Version, packages); err != nil {
		return footprint{}, err
	}
	if _, err := w.goRun(ctx, dir, "get", m.path+"@"+version); err != nil {
		return footprint{}, err
	}
	if err := licensed(filepath.Join(w.modcache(), filepath.FromSlash(m.path)+"@"+version), w.root); err != nil {
		return footprint{}, err
	}
	if _, err := w.goRun(ctx, dir, "mod", "tidy"); err != nil {
		return footprint{}, err
	}
	if _, err := w.goRun(ctx, dir, "build", "-o", os.DevNull, "."); err != nil {
		return footprint{}, err
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return footprint{}, err
	}
	fp := footprint{lines: strings.Count(string(sum), "\n")}
	for _, system := range platforms {
		out, err := output(ctx, dir, append(slices.Clone(w.env), "GOOS="+system, "CGO_ENABLED=0"), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
		if err != nil {
			return footprint{}, err
		}
		fp.linked = append(fp.linked, strings.Fields(out)...)
	}
	slices.Sort(fp.linked)
	fp.linked = slices.DeleteFunc(slices.Compact(fp.linked), func(path string) bool { return path == "consumer" || path == m.path })
	return fp, nil
}

// packages lists those of m that others can import, on any of the platforms.
func (w *workshop) packages(ctx context.Context, m *module) ([]string, error) {
	var all []string
	for _, system := range platforms {
		out, err := output(ctx, w.staged(m), append(slices.Clone(w.env), "GOOS="+system, "CGO_ENABLED=0"), "go", "list", "-f", "{{if ne .Name `main`}}{{.ImportPath}}{{end}}", "./...")
		if err != nil {
			return nil, err
		}
		all = append(all, strings.Fields(out)...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(path string) bool {
		return slices.Contains(strings.Split(path, "/"), "internal")
	}), nil
}

// program writes a module whose only package imports the given ones.
func program(dir, goVersion string, packages []string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	mod := fmt.Sprintf("module consumer\n\ngo %s\n", goVersion)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o600); err != nil {
		return err
	}
	var text strings.Builder
	text.WriteString("package main\n\nimport (\n")
	for _, path := range packages {
		fmt.Fprintf(&text, "\t_ %q\n", path)
	}
	text.WriteString(")\n\nfunc main() {}\n")
	return os.WriteFile(filepath.Join(dir, "main.go"), []byte(text.String()), 0o600)
}
