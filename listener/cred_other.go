//go:build !linux && !darwin && !freebsd

package listener

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

func peerCred(syscall.Conn) (*Cred, error) {
	return nil, fmt.Errorf("of a unix conn on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
