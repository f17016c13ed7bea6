package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/strata-net/strata/internal/tools/workspace"
)

// A dependency is a package of a module of others.
type dependency struct {
	path, version, dir string // the module
	folder             string // the package's
}

// modules returns the folders of the repository's modules: those that are released,
// programs and tests, and tools.
func modules(ctx context.Context, root string) (released, programs, tools []string, err error) {
	out, err := output(ctx, root, nil, "git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "go.mod", "*/go.mod")
	if err != nil {
		return nil, nil, nil, err
	}
	dirs := strings.Fields(out)
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		dir = path.Dir(dir)
		switch {
		case slices.Contains(strings.Split(dir, "/"), "testdata"):
		case strings.HasPrefix(dir+"/", "internal/tools/"):
			tools = append(tools, dir)
		case !workspace.Released(dir):
			programs = append(programs, dir)
		default:
			released = append(released, dir)
		}
	}
	return released, programs, tools, nil
}

// packages lists what the packages of a module need, on all systems.
func packages(ctx context.Context, root, dir string) ([]dependency, error) {
	var all []dependency
	for _, system := range systems {
		some, err := list(ctx, root, dir, system, "./...")
		if err != nil {
			return nil, fmt.Errorf("for %s: %w", system, err)
		}
		all = append(all, some...)
	}
	return all, nil
}

// tests lists what its tests need too, on Linux.
func tests(ctx context.Context, root, dir string) ([]dependency, error) {
	return list(ctx, root, dir, "linux", "-test", "./...")
}

// programsOf lists what the `tool`s of a module and its packages need.
func programsOf(ctx context.Context, root, dir string) ([]dependency, error) {
	return list(ctx, root, dir, "linux", "-test", "./...", "tool")
}

// list asks the go command for the packages of others that the given ones need.
func list(ctx context.Context, root, dir, system string, args ...string) ([]dependency, error) {
	const format = "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{$.Dir}}{{end}}"
	env := []string{"GOWORK=off", "GOFLAGS=-mod=readonly", "GOOS=" + system, "GOARCH=amd64", "CGO_ENABLED=0"}
	out, err := output(ctx, filepath.Join(root, dir), env, "go", append([]string{"list", "-deps", "-f", format}, args...)...)
	if err != nil {
		return nil, err
	}
	var all []dependency
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 4 || within(root, fields[2]) {
			continue // of the standard library, or ours
		}
		all = append(all, dependency{fields[0], fields[1], fields[2], fields[3]})
	}
	return all, nil
}

// within says whether a folder is in another one.
func within(root, dir string) bool {
	rel, err := filepath.Rel(root, dir)
	return err == nil && filepath.IsLocal(rel)
}

// output returns what a program prints; its error has what it complained of.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(out), nil
}
