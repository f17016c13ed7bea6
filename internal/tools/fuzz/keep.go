package main

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// maxKept is the size of the longest input that is kept, in bytes.
const maxKept = 1 << 10

// keep copies the n shortest inputs of a folder to another one.
func keep(from, to string, n int) (kept int, err error) {
	if n <= 0 {
		return 0, nil
	}
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // nothing new was found
	} else if err != nil {
		return 0, err
	}
	inputs := make(map[string][]byte, len(entries))
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return 0, err
		}
		if len(b) <= maxKept {
			inputs[e.Name()] = b
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(inputs[a]), len(inputs[b])), cmp.Compare(a, b))
	})
	if err := os.MkdirAll(to, 0o750); err != nil {
		return 0, err
	}
	for _, name := range names[:min(n, len(names))] {
		if err := os.WriteFile(filepath.Join(to, name), inputs[name], 0o600); err != nil {
			return kept, err
		}
		kept++
	}
	return kept, nil
}
