//go:build linux && !amd64

package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"
)

// clock stands for one that cannot be shifted.
type clock struct{}

func newClock(int) (*clock, error) {
	return nil, fmt.Errorf("shift the clock on %s: %w", runtime.GOARCH, errors.ErrUnsupported)
}

func (*clock) shift(time.Duration) error { return errors.ErrUnsupported }
func (*clock) close()                    {}
