//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// demo needs network namespaces.
func demo(context.Context, io.Writer, int64) error {
	return fmt.Errorf("-demo on %s: %w: it needs network namespaces", runtime.GOOS, errors.ErrUnsupported)
}
