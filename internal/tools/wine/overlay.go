package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"path"
	"path/filepath"
)

// A patch replaces one piece of text in one file of the standard library.
type patch struct {
	file  string // below GOROOT/src
	after string // occurs once in the file; the piece to replace follows it
	old   string
	new   string
}

// patches are what wine 8.0 needs; see the package comment.
var patches = []patch{
	{
		file:  "net/fd_windows.go",
		after: "windows.SIO_UDP_NETRESET,",
		old:   "if err != nil {",
		new:   "if err != nil && err != syscall.Errno(10045) { // wine: WSAEOPNOTSUPP",
	},
	{
		file:  "internal/syscall/windows/at_windows.go",
		after: "FILE_DISPOSITION_INFORMATION_EX{})),",
		old:   "case STATUS_INVALID_INFO_CLASS,",
		new:   "case NTStatus(0xC0000002), // wine: STATUS_NOT_IMPLEMENTED, ERROR_INVALID_FUNCTION\nSTATUS_INVALID_INFO_CLASS,",
	},
}

// reach limits how far behind its anchor a patch may apply, in bytes: far
// enough for the code in between, too short for the next statement of its kind.
const reach = 200

// apply returns the patched source. The anchor and the old text must be where
// they are expected: a patch that silently does nothing would show up as
// failures of tests that have nothing to do with it.
func (p patch) apply(src []byte) ([]byte, error) {
	if n := bytes.Count(src, []byte(p.after)); n != 1 {
		return nil, fmt.Errorf("patch of %s: %q is there %d times, not once: this Go release needs another patch", p.file, p.after, n)
	}
	at := bytes.Index(src, []byte(p.after)) + len(p.after)
	near := src[at:min(at+reach, len(src))]
	if !bytes.Contains(near, []byte(p.old)) {
		return nil, fmt.Errorf("patch of %s: no %q within %d bytes after %q: this Go release needs another patch", p.file, p.old, reach, p.after)
	}
	patched := bytes.Replace(src[at:], []byte(p.old), []byte(p.new), 1)
	out, err := format.Source(append(src[:at:at], patched...))
	if err != nil {
		return nil, fmt.Errorf("patch of %s: %w", p.file, err)
	}
	return out, nil
}

// overlay writes the patched files and the list for go's -overlay flag into
// dir, and returns the list's path.
func overlay(goroot, dir string) (string, error) {
	replace := map[string]string{}
	for _, p := range patches {
		file := filepath.Join(goroot, "src", filepath.FromSlash(p.file))
		src, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("patch of %s: %w", p.file, err)
		}
		if src, err = p.apply(src); err != nil {
			return "", err
		}
		patched := filepath.Join(dir, path.Base(p.file))
		if err := os.WriteFile(patched, src, 0o600); err != nil {
			return "", err
		}
		replace[file] = patched
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, list, 0o600)
}
