// Package workspace reads go.work.
package workspace

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// Modules lists the folders of the workspace's modules, in its order.
func Modules(root string) ([]string, error) {
	name := filepath.Join(root, "go.work")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	work, err := modfile.ParseWork(name, text, nil)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, use := range work.Use {
		dirs = append(dirs, filepath.ToSlash(filepath.Clean(use.Path)))
	}
	return dirs, nil
}

// Released reports whether the module in a folder has versions.
func Released(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return top != "examples" && top != "internal"
}
