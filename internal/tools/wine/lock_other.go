//go:build !linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
)

// lock refuses: everything after it is for Linux.
func lock(context.Context, string, io.Writer) (func(), error) {
	return nil, fmt.Errorf("wine on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
