//go:build !linux

package listener

import "errors"

func steer(*stream, int) error { return errors.ErrUnsupported }
