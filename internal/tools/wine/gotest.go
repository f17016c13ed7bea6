package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// test prepares wine, tests every module and reports.
func (cl *commandLine) test(ctx context.Context, stdout, stderr io.Writer) (err error) {
	wine, err := install(ctx, stderr)
	if err != nil {
		return err
	}
	p := &prefix{dir: cl.prefix, wine: wine}
	unlock, err := lock(ctx, p.dir+".lock", stderr)
	if err != nil {
		return err
	}
	defer unlock()
	if err := p.prepare(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	if err := p.start(ctx); err != nil {
		return err
	}
	results := cl.testAll(ctx, p, stdout, stderr)
	fmt.Fprintf(stdout, "\nwindows/amd64 tests under %s, prefix %s, flags %q:\n", wine.version, p.dir, cl.flags)
	return report(stdout, results)
}

func (cl *commandLine) testAll(ctx context.Context, p *prefix, stdout, stderr io.Writer) []*result {
	results := make([]*result, 0, len(cl.modules))
	for _, dir := range cl.modules {
		fmt.Fprintf(stdout, "# %s\n", dir)
		began := time.Now()
		r := &result{module: dir}
		out := &counter{w: stdout, r: r}
		if r.err = cl.testModule(ctx, p, dir, out, stderr); ctx.Err() != nil {
			r.err = context.Cause(ctx)
		}
		r.took = time.Since(began)
		results = append(results, r)
	}
	return results
}

// testModule runs go test in one module.
func (cl *commandLine) testModule(ctx context.Context, p *prefix, dir string, stdout, stderr io.Writer) error {
	env := append(p.env(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "GOWORK=off")
	root, err := goroot(ctx, dir, env)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "wine-overlay-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	list, err := overlay(root, tmp)
	if err != nil {
		return err
	}
	cmd := p.goTest(ctx, list, cl.flags)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go test: %w", err)
	}
	return nil
}

// goTest returns the command. When ctx ends it does not kill go, which would
// leave its work directory: it ends the tests, and go after them.
func (p *prefix) goTest(ctx context.Context, overlay string, flags []string) *exec.Cmd {
	args := slices.Concat([]string{"test", "-overlay=" + overlay, "-exec=" + p.wine.loader, "./..."}, flags)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error {
		return errors.Join(cmd.Process.Signal(os.Interrupt), p.stop(ctx))
	}
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// goroot asks for the toolchain that the module in dir gets.
func goroot(ctx context.Context, dir string, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOROOT")
	cmd.Dir, cmd.Env = dir, env
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	return filepath.Clean(strings.TrimSpace(string(out))), nil
}
