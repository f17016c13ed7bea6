package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// stage takes m out of the repository: its files, the repository's license, and a go.mod
// that names versions only.
func (w *workshop) stage(ctx context.Context, m *module, versions map[string]string) error {
	files, err := w.files(ctx, m)
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := copyFile(filepath.Join(w.root, m.dir, name), filepath.Join(w.staged(m), name)); err != nil {
			return err
		}
	}
	if !slices.Contains(files, "LICENSE") {
		if err := copyFile(filepath.Join(w.root, "LICENSE"), filepath.Join(w.staged(m), "LICENSE")); err != nil {
			return err
		}
	}
	text, err := publish(m, versions)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.staged(m), "go.mod"), text, 0o600); err != nil {
		return err
	}
	if _, err := w.goRun(ctx, w.staged(m), "mod", "tidy"); err != nil {
		return err
	}
	tidied, err := os.ReadFile(filepath.Join(w.staged(m), "go.mod"))
	if err != nil {
		return err
	}
	if !bytes.Equal(text, tidied) {
		return fmt.Errorf("go mod tidy changes its go.mod, without replace directives, to\n%s", tidied)
	}
	return nil
}

// files lists the files of a module that git knows or would add, relative to its folder.
func (w *workshop) files(ctx context.Context, m *module) ([]string, error) {
	out, err := output(ctx, filepath.Join(w.root, m.dir), nil, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	names := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
	var nested []string // folders of other modules
	for _, name := range names {
		if dir, file := path.Split(name); file == "go.mod" && dir != "" {
			nested = append(nested, dir)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, err := os.Lstat(filepath.Join(w.root, m.dir, name))
		return errors.Is(err, fs.ErrNotExist) || // deleted, and not committed yet
			slices.ContainsFunc(nested, func(dir string) bool { return strings.HasPrefix(name, dir) })
	}), nil
}

// publish returns m's go.mod without replace directives, with the versions of its siblings.
func publish(m *module, versions map[string]string) ([]byte, error) {
	file, err := modfile.Parse("go.mod", modfile.Format(m.file.Syntax), nil)
	if err != nil {
		return nil, err
	}
	for _, r := range slices.Clone(file.Replace) {
		if err := file.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return nil, err
		}
	}
	for _, r := range slices.Clone(file.Require) {
		if v := versions[r.Mod.Path]; v != "" {
			r.Mod.Version = v
			file.SetRequire(file.Require)
		}
	}
	for _, s := range m.needs {
		if err := file.AddRequire(s.path, versions[s.path]); err != nil {
			return nil, err
		}
	}
	file.Cleanup()
	return file.Format()
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}
