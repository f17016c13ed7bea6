package main

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// A workshop is the temporary folder in which modules are taken apart, and the settings
// of the go command that works there.
type workshop struct {
	dir   string
	root  string   // the repository
	cache string   // the user's module cache
	next  string   // the user's GOPROXY
	own   string   // pattern of the repository's module paths
	env   []string // for the go command
}

func newWorkshop(ctx context.Context, root string, modules []*module) (*workshop, error) {
	dir, err := os.MkdirTemp("", "strata-release-")
	if err != nil {
		return nil, err
	}
	out, err := output(ctx, root, nil, "go", "env", "GOMODCACHE", "GOPROXY", "GOCACHE")
	if err != nil {
		return nil, err
	}
	of := strings.Split(out, "\n")
	w := &workshop{dir: dir, root: root, cache: of[0], next: of[1]}
	paths := make([]string, 0, len(modules))
	for _, m := range modules {
		paths = append(paths, m.path)
	}
	w.own = strings.Join(paths, ",")
	w.env = append(w.settings(w.modcache()), "GOCACHE="+of[2])
	return w, nil
}

// settings are those of a user whose module cache is the given folder. Modules of others
// come from the cache of who runs this, as long as it has them.
func (w *workshop) settings(modcache string) []string {
	return []string{
		"GOWORK=off", "GOFLAGS=-mod=mod -modcacherw -trimpath", "GOMODCACHE=" + modcache,
		"GOPROXY=" + fileURL(w.proxy()) + "," + fileURL(filepath.Join(w.cache, "cache", "download")) + "," + w.next,
		"GONOSUMDB=" + w.own, "GONOPROXY=none", "GOPRIVATE=", "GOTOOLCHAIN=local",
	}
}

// goRun runs the go command in a folder.
func (w *workshop) goRun(ctx context.Context, dir string, args ...string) (string, error) {
	return output(ctx, dir, w.env, "go", args...)
}

// staged is the folder of a module that was taken out of the repository. It has no
// neighbours: what reads a sibling's files must fail.
func (w *workshop) staged(m *module) string {
	return filepath.Join(w.dir, "staged", strings.ReplaceAll(m.dir, "/", "_"), "alone")
}

// proxy is the folder that the go command takes for a module proxy.
func (w *workshop) proxy() string { return filepath.Join(w.dir, "proxy") }

// modcache is the module cache of the go command that works here.
func (w *workshop) modcache() string { return filepath.Join(w.dir, "modcache") }

func (w *workshop) close() error { return os.RemoveAll(w.dir) }

func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") {
		dir = "/" + dir
	}
	return (&url.URL{Scheme: "file", Path: dir}).String()
}
