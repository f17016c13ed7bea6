package main

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// A licence is what the texts of a library say.
type licence struct {
	ids     []string // as SPDX names them
	unknown []string // files that have no known licence, relative to the library's folder
}

// covered is the share of a file, in percent, that licences have to make up. It is the one
// of pkg.go.dev.
const covered = 75

// called are names of files with licences.
var called = regexp.MustCompile(`(?i)^(un)?(licen[cs]es?|copying)([-._].*)?$`)

// code are the ends of names that such files do not have.
var code = regexp.MustCompile(`(?i)\.(go|tmpl|json|ya?ml|sh)$`)

// permissive are the licences that want no more than a notice from who passes a program on,
// if that. licensecheck knows such a thing too, but not of all its licences.
var permissive = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "Unlicense", "Zlib"}

// strict says whether one of the licences is not permissive.
func (l *licence) strict() bool {
	return slices.ContainsFunc(l.ids, func(id string) bool { return !slices.Contains(permissive, id) })
}

func (l *licence) name() string { return strings.Join(l.ids, " AND ") }

// read reads the licences in the folder of a library, and in those from there to its
// packages that are used.
func (l *library) read() (licence, error) {
	folders := map[string]bool{l.dir: true}
	for folder := range l.packages {
		for ; len(folder) > len(l.dir); folder = filepath.Dir(folder) {
			folders[folder] = true
		}
	}
	var found licence
	for folder := range folders {
		if err := found.add(l.dir, folder); err != nil {
			return licence{}, err
		}
	}
	slices.Sort(found.ids)
	found.ids = slices.Compact(found.ids)
	slices.Sort(found.unknown)
	return found, nil
}

// add adds those of one folder.
func (l *licence) add(root, folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !called.MatchString(e.Name()) || code.MatchString(e.Name()) {
			continue
		}
		if err := l.scan(root, filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// scan adds what one file says.
func (l *licence) scan(root, name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if ids, ok := read[sha256.Sum256(text)]; ok {
		l.ids = append(l.ids, ids...)
		return nil
	}
	found := licensecheck.Scan(text)
	if found.Percent < covered {
		short, err := filepath.Rel(root, name)
		l.unknown = append(l.unknown, filepath.ToSlash(short))
		return err
	}
	for _, m := range found.Match {
		if !m.IsURL {
			l.ids = append(l.ids, m.ID)
		}
	}
	return nil
}
