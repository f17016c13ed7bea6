package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// licensed says whether what was published in a folder has the repository's license. The go
// command packs that into modules below the root, too, if they have none of their own
// (go.dev/ref/mod#vcs-license): without it pkg.go.dev shows no documentation.
func licensed(dir, root string) error {
	want, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(dir, "LICENSE"))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("its LICENSE is not the repository's")
	}
	return nil
}
