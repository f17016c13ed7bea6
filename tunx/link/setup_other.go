//go:build !linux

package link

import (
	"errors"
	"fmt"
	"runtime"
)

func setup(c *Config) (undo, error) {
	return nil, &Error{
		Op: "setup", Name: c.Name,
		Err: fmt.Errorf("addresses and routes on %s: %w", runtime.GOOS, errors.ErrUnsupported),
	}
}
