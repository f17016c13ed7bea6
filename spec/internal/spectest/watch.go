package spectest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Watching checks whether this process watches files, at this very moment: that it
// does not must hold as soon as what ends it has returned. Only Linux can tell. On
// Windows the folder of a test cannot be removed while it is watched.
func Watching(t *testing.T, want bool) {
	t.Helper()
	found, known := watches()
	if known && (found > 0) != want {
		t.Errorf("%d watches of files, want some: %t", found, want)
	}
}

// watches counts the descriptors of inotify(7).
func watches() (n int, known bool) {
	const folder = "/proc/self/fd"
	if descriptors() == 0 {
		return 0, false
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return 0, false
	}
	for _, e := range entries {
		// One that was closed meanwhile is none.
		if target, err := os.Readlink(filepath.Join(folder, e.Name())); err == nil && strings.HasSuffix(target, "inotify") {
			n++
		}
	}
	return n, true
}
