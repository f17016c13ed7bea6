package main

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/strata-net/strata/internal/tools/changelog"
)

// announced says whether the changelog tells of everything that is gone: by name, under
// "### Incompatible", in what no version has yet or in a version newer than since. In the
// first case since may be "".
func announced(dir, since string, gone []string) error {
	if len(gone) == 0 {
		return nil
	}
	log, err := changelog.Read(filepath.Join(dir, changelog.Name))
	if err != nil {
		return err
	}
	if since == "" {
		since = log.Newest()
	}
	told := log.Incompatible(since)
	var errs []error
	for _, line := range gone {
		if name := subject(line); !names(told, name) {
			errs = append(errs, fmt.Errorf("%s: nothing under \"### Incompatible\" of \"## Unreleased\" names %s: %s", changelog.Name, name, line))
		}
	}
	return errors.Join(errs...)
}

// names says whether a text has a word.
func names(text, word string) bool {
	return regexp.MustCompile(`(?:^|\W)` + regexp.QuoteMeta(word) + `(?:$|\W)`).MatchString(text)
}

// listed is the name in a line of a listing.
var listed = regexp.MustCompile(`^\S+: (?:(?:const|var|func|type) |field \w+\.|method \([^)]*\) )(\w+)`)

// subject is the name of what a line is about: one of a listing, as
// "example.test/m: method (*Number) Set(Number)", or of apidiff, as
// "./sub.(*Number).Set: removed".
func subject(line string) string {
	if match := listed.FindStringSubmatch(line); match != nil {
		return match[1]
	}
	about, _, _ := strings.Cut(line, ": ")
	about, _, _ = strings.Cut(about, ", ")
	about = path.Base(about) // of "package example.test/m/sub", and of "./sub.Name"
	if strings.HasPrefix(line, "package ") {
		return about
	}
	return about[strings.LastIndexByte(about, '.')+1:]
}
