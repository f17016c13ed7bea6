package peers_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// missing skips a test that lacks something, and fails it where nothing may be
// missing.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what, "is missing")
	}
	t.Skip(what, "is missing")
}

// program returns the path of an installed program.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name)
	}
	return path
}

// run runs a program to its end and returns what it wrote. An exit status
// other than 0 is a failure of the test.
func run(t *testing.T, limit time.Duration, name string, args ...string) string {
	t.Helper()
	out, err := try(t, limit, name, args...)
	require.NoError(t, err, "%s %q:\n%s", name, args, out)
	return out
}

// try is run for programs that may fail.
func try(t *testing.T, limit time.Duration, name string, args ...string) (string, error) {
	t.Helper()
	return tryWith(t, limit, nil, name, args...)
}

// tryWith is try with something to read; nil is nothing.
func tryWith(t *testing.T, limit time.Duration, stdin io.Reader, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(t, name), args...)
	cmd.Dir, cmd.Stdin = t.TempDir(), stdin
	cmd.WaitDelay = 10 * time.Second // for its last words, which also a busy machine has to take in
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("after %v: %w", limit, err)
	}
	return string(out), err
}

// beside runs subtests all at once: t.Parallel lets as many as there are processors,
// which suits those that use them, not those that wait for a program that waits.
func beside(t *testing.T, tests map[string]func(t *testing.T)) {
	t.Helper()
	var all sync.WaitGroup
	for name, test := range tests {
		all.Go(func() { t.Run(name, test) })
	}
	all.Wait()
}

// built are the programs that were built from the repository, by package.
var built struct {
	sync.Mutex

	dir   string
	paths map[string]string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}

// build builds a package with the go command in a folder of the repository, once.
func build(t *testing.T, folder, pkg string, env ...string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path := built.paths[pkg]; path != "" {
		return path
	}
	if built.dir == "" {
		dir, err := os.MkdirTemp("", "peers") //nolint:usetesting // outlives the test that builds first
		require.NoError(t, err)
		built.dir, built.paths = dir, map[string]string{}
	}
	path := filepath.Join(built.dir, filepath.Base(pkg))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, pkg)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	built.paths[pkg] = path
	return path
}

// root is the repository, seen from this folder.
const root = "../../.."

// tool builds a program that internal/tools/peers pins.
func tool(t *testing.T, pkg string) string {
	t.Helper()
	return build(t, filepath.Join(root, "internal/tools/peers"), pkg, "GOWORK=off", "GOFLAGS=-mod=readonly")
}
