package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	modpath "golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// offer puts a version of m into the proxy: the staged tree, or what is tagged.
func (w *workshop) offer(m *module, version string, tagged bool) error {
	dir := filepath.Join(w.proxy(), filepath.FromSlash(m.path), "@v")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	v := modpath.Version{Path: m.path, Version: version}
	name := filepath.Join(dir, version+".zip")
	err := writeFile(name, func(out io.Writer) error {
		if tagged {
			return modzip.CreateFromVCS(out, v, w.root, m.dir+"/"+version, m.dir)
		}
		return modzip.CreateFromDir(out, v, w.staged(m))
	})
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	if err := extract(name, v, filepath.Join(dir, version+".mod")); err != nil {
		return err
	}
	info, err := json.Marshal(struct {
		Version string    `json:"Version"` //nolint:tagliatelle // the name is the proxy protocol's
		Time    time.Time `json:"Time"`    //nolint:tagliatelle // as above
	}{version, time.Unix(0, 0).UTC()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, version+".info"), info, 0o600); err != nil {
		return err
	}
	list, err := os.OpenFile(filepath.Join(dir, "list"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(list, version)
	return errors.Join(err, list.Close())
}

// offerOnce offers a tagged version unless it is there.
func (w *workshop) offerOnce(m *module, version string) error {
	if _, err := os.Stat(filepath.Join(w.proxy(), filepath.FromSlash(m.path), "@v", version+".zip")); err == nil {
		return nil
	}
	return w.offer(m, version, true)
}

// extract writes the go.mod of a packed module to a file.
func extract(name string, v modpath.Version, to string) error {
	archive, err := zip.OpenReader(name)
	if err != nil {
		return err
	}
	defer archive.Close()
	in, err := archive.Open(v.Path + "@" + v.Version + "/go.mod")
	if err != nil {
		return err
	}
	defer in.Close()
	return writeFile(to, func(out io.Writer) error {
		_, err := io.Copy(out, in)
		return err
	})
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
