package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/semver"
)

// tryPublished gets the newest tag of each module as its users do: the go
// command clones the repository by itself, from here instead of from where the module's path
// says, into an empty module cache.
func (c *commandLine) tryPublished(ctx context.Context, stdout io.Writer) error {
	modules, err := c.readKnown(ctx)
	if err != nil {
		return err
	}
	w, err := newWorkshop(ctx, c.root, modules)
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range modules {
		if !c.wanted(m) {
			continue
		}
		if err := w.tryTag(ctx, m, stdout); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.dir, err))
		}
	}
	return errors.Join(append(errs, w.close())...)
}

// tryTag gets m at its newest tag, and builds all of its packages with
// what that brought and what else they need.
func (w *workshop) tryTag(ctx context.Context, m *module, stdout io.Writer) error {
	if len(m.tags) == 0 {
		return errors.New("no version is tagged")
	}
	version := slices.MaxFunc(m.tags, semver.Compare)
	dir := filepath.Join(w.dir, "published", filepath.FromSlash(m.dir), "alone")
	if err := program(dir, m.file.Go.Version, nil); err != nil {
		return err
	}
	cache := filepath.Join(dir, "cache")
	env := slices.Concat(w.env, w.direct(m, cache))
	if _, err := output(ctx, dir, env, "go", "get", m.path+"@"+version); err != nil {
		return err
	}
	if err := licensed(filepath.Join(cache, filepath.FromSlash(m.path)+"@"+version), w.root); err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	zips, _, bytes, err := downloads(filepath.Join(cache, "cache", "download"))
	if err != nil {
		return err
	}
	if _, err := output(ctx, dir, env, "go", "build", m.path+"/..."); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "ok  %-10s %s: %d lines of go.sum, %d modules, %d KiB\n", m.dir, version, strings.Count(string(sum), "\n"), len(zips), bytes/1024)
	return nil
}

// direct are the settings of a user without a proxy, whose git finds the repository here.
func (w *workshop) direct(m *module, cache string) []string {
	repository := "https://" + strings.TrimSuffix(m.path, "/"+m.dir)
	return []string{
		"GOMODCACHE=" + cache, "GONOPROXY=" + w.own, "GOPRIVATE=", "GOVCS=*:git",
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=url." + fileURL(w.root) + ".insteadOf", "GIT_CONFIG_VALUE_0=" + repository,
		// Git asks whether a folder is its owner's own, and containers differ in that.
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
	}
}
