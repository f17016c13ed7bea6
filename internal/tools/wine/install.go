package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// libDir is where Debian's package wine64 puts its programs. They are not in
// PATH: that link belongs to the package wine, which wants much more.
const libDir = "/usr/lib/wine"

// An installation is wine on this host.
type installation struct {
	loader  string // runs a Windows program
	server  string // wineserver: starts, stops and waits for what runs
	version string
}

// install returns the installed wine, after installing it if need be.
func install(ctx context.Context, log io.Writer) (*installation, error) {
	if runtime.GOARCH != "amd64" {
		return nil, fmt.Errorf("windows/amd64 programs on %s: %w", runtime.GOARCH, errors.ErrUnsupported)
	}
	w, err := installed(ctx)
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return w, err
	}
	if why := cannotInstall(); why != "" {
		return nil, fmt.Errorf("%w; cannot install it: %s; run: apt-get install --no-install-recommends wine64", err, why)
	}
	for _, args := range [][]string{
		{"-qq", "update"},
		{"-qq", "-y", "-o", "Dpkg::Use-Pty=0", "install", "--no-install-recommends", "wine64"},
	} {
		if err := aptGet(ctx, log, args...); err != nil {
			return nil, err
		}
	}
	return installed(ctx)
}

// installed finds wine; os.ErrNotExist if a part of it is missing.
func installed(ctx context.Context) (*installation, error) {
	w := &installation{
		loader: filepath.Join(libDir, "wine64"),
		server: filepath.Join(libDir, "wineserver64"),
	}
	for _, file := range []string{w.loader, w.server} {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("wine64 is missing: %w", err)
		}
	}
	out, err := exec.CommandContext(ctx, w.loader, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", w.loader, err)
	}
	w.version = strings.TrimSpace(string(out))
	return w, nil
}

// cannotInstall says why apt-get is of no use here, or nothing.
func cannotInstall() string {
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return "this is not a Debian system"
	}
	if os.Geteuid() != 0 {
		return "this needs root"
	}
	return ""
}

func aptGet(ctx context.Context, log io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("apt-get %s: %w", strings.Join(args, " "), err)
	}
	return nil
}
