//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// runTunnel needs network namespaces.
func runTunnel(context.Context, *flags, io.Writer, io.Writer) error {
	return fmt.Errorf("a device on %s: %w: it needs network namespaces; -rootless works here", runtime.GOOS, errors.ErrUnsupported)
}
