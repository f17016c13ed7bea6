package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A prefix is a directory that wine takes for a Windows installation.
type prefix struct {
	dir  string
	wine *installation
}

// prefixDir returns the directory to use: an absolute path, because processes
// in other directories will use it.
func prefixDir(dir string) (string, error) {
	if dir != "" {
		return filepath.Abs(dir)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the wine prefix, use -prefix: %w", err)
	}
	return filepath.Join(cache, "strata", "wine"), nil
}

// prepare makes the prefix unless it exists. It is built beside its place and
// moved there when it is complete: wine does not repair a half-made one.
func (p *prefix) prepare(ctx context.Context) error {
	if p.exists() {
		return p.addDLL()
	}
	part := &prefix{dir: p.dir + ".partial", wine: p.wine}
	if err := os.RemoveAll(part.dir); err != nil {
		return err
	}
	if err := part.make(ctx); err != nil {
		return errors.Join(fmt.Errorf("make wine prefix %s: %w", p.dir, err), os.RemoveAll(part.dir))
	}
	return os.Rename(part.dir, p.dir)
}

func (p *prefix) exists() bool {
	_, err := os.Stat(filepath.Join(p.dir, "system.reg"))
	return err == nil
}

func (p *prefix) make(ctx context.Context) error {
	err := p.start(ctx)
	if err = errors.Join(err, p.stop(ctx)); err != nil {
		return err
	}
	return p.addDLL()
}

// addDLL puts the DLL that Go's runtime needs into system32, unless there is
// one: a newer wine brings its own.
func (p *prefix) addDLL() error {
	file := filepath.Join(p.dir, "drive_c", "windows", "system32", randomDLL)
	_, err := os.Stat(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, forwarder(randomDLL, randomExport, randomTarget), 0o600)
}

// start boots the prefix, and makes one that is empty. The server stays until
// stop: one that a test program starts keeps that program's stderr open until
// it ends, two seconds after the last program, and go test waits for that.
// What a run that was killed has left behind is stopped first.
func (p *prefix) start(ctx context.Context) error {
	if err := os.MkdirAll(p.dir, 0o750); err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	if err := p.command(ctx, p.wine.server, "--persistent"); err != nil {
		return err
	}
	return p.command(ctx, p.wine.loader, "wineboot", "--init")
}

// stop ends the server and every Windows process of the prefix. It works after
// the run's context has ended, and is no error if nothing runs.
func (p *prefix) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.wine.server, "--kill")
	cmd.Env = p.env()
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("stop wine: %w", err)
	}
	return p.command(ctx, p.wine.server, "--wait")
}

// command runs one of wine's own programs, quietly unless it fails. Its output
// goes to a file: the server keeps stderr, so a pipe would stay open.
func (p *prefix) command(ctx context.Context, name string, args ...string) error {
	log, err := os.CreateTemp("", "wine-*.log")
	if err != nil {
		return err
	}
	defer os.Remove(log.Name())
	defer log.Close()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = p.env()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		out, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// env is this process's environment with the prefix, without a display.
func (p *prefix) env() []string {
	var env []string
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); name != "DISPLAY" && name != "WAYLAND_DISPLAY" {
			env = append(env, kv)
		}
	}
	return append(env,
		"WINEPREFIX="+p.dir,
		"WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=", // no Mono, no Gecko: they would be downloaded
		"LC_ALL=C.UTF-8",                   // in the C locale wine finds no file whose name is not ASCII
	)
}
