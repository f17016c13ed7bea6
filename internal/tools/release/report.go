package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A got is what a `go get` of a module does to an empty module and an empty module cache.
type got struct {
	self    string   // the module's path
	lines   int      // of go.sum
	modules []string // what is downloaded with its code, as "path version"
	mods    int      // of how many modules the go.mod is
	bytes   int64    // of all that
}

// get gets m, and what its package needs if it has one, into an empty module cache.
func (w *workshop) get(ctx context.Context, m *module, version string) (got, error) {
	dir := filepath.Join(w.dir, "get", filepath.FromSlash(m.dir), "alone")
	if err := program(dir, m.file.Go.Version, nil); err != nil {
		return got{}, err
	}
	cache := filepath.Join(dir, "cache")
	if _, err := output(ctx, dir, append(w.settings(cache), "GOCACHE="+filepath.Join(dir, "build")), "go", "get", m.path+"@"+version); err != nil {
		return got{}, err
	}
	zips, mods, bytes, err := downloads(filepath.Join(cache, "cache", "download"))
	if err != nil {
		return got{}, err
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	return got{m.path, strings.Count(string(sum), "\n"), zips, mods, bytes}, err
}

func (g *got) print(w io.Writer, m *module) {
	fmt.Fprintf(w, "    go get %s@%s: %d lines of go.sum, %d KiB\n", m.path, m.version, g.lines, g.bytes/1024)
	for _, name := range g.modules {
		fmt.Fprintf(w, "      %s\n", name)
	}
	fmt.Fprintf(w, "      and the go.mod of %d more\n", g.mods-len(g.modules))
}

// downloads tells what a download cache holds: modules with code, the number of go.mod
// files, and the size of all together.
func downloads(root string) (zips []string, mods int, bytes int64, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch filepath.Ext(name) {
		case ".zip":
			zips = append(zips, strings.TrimSuffix(strings.Replace(filepath.ToSlash(name), "/@v/", " ", 1), ".zip"))
		case ".mod":
			mods++
		}
		info, err := d.Info()
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return zips, mods, bytes, err
}
