package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// lastVersion is the newest version of the module in a folder that is tagged in what the
// tree comes from, "" if there is none. Those before a release, as v1.0.0-rc.1, are none.
func lastVersion(ctx context.Context, root, dir string) (string, error) {
	out, err := git(ctx, root, "tag", "--merged", "HEAD", "--list", dir+"/v*")
	if err != nil {
		return "", err
	}
	last := ""
	for tag := range strings.FieldsSeq(string(out)) {
		version := strings.TrimPrefix(tag, dir+"/")
		if semver.Canonical(version) == version && semver.Prerelease(version) == "" && semver.Compare(last, version) < 0 {
			last = version
		}
	}
	return last, nil
}

// unpack writes the repository as it was tagged to a new folder, without what is not
// released: the modules' replace directives need their neighbours.
func unpack(ctx context.Context, root, tag, to string) error {
	data, err := git(ctx, root, "archive", "--format=tar", "refs/tags/"+tag, "--", ".", ":!internal", ":!examples", ":!docs")
	if err != nil {
		return err
	}
	for in := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("git archive %s: %w", tag, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if !filepath.IsLocal(header.Name) {
			return fmt.Errorf("git archive %s: a file %q", tag, header.Name)
		}
		if err := unpackFile(in, filepath.Join(to, filepath.FromSlash(header.Name))); err != nil {
			return err
		}
	}
}

func unpackFile(in io.Reader, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, in)
	return errors.Join(err, f.Close())
}

// git returns what a git command prints; its error has what it complained of.
func git(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}
