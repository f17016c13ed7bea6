// Package labtest is for tests that need more than a Go toolchain.
package labtest

import (
	"os"
	"os/exec"
	"testing"
)

// Need skips a test if something is missing: root, which is the user, or a program. With CI=true in the environment
// the test fails instead.
func Need(t testing.TB, what ...string) {
	t.Helper()
	for _, w := range what {
		if has(w) {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing", w)
		}
		t.Skipf("%s is missing", w)
	}
}

func has(what string) bool {
	if what == "root" {
		return isRoot()
	}
	_, err := exec.LookPath(what)
	return err == nil
}
