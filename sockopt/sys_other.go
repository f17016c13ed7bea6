//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package sockopt

import (
	"errors"
	"time"
)

func setsockopt(uintptr, int, int, []byte, bool) error { return errors.ErrUnsupported }

func getsockopt(uintptr, int, int, []byte) (int, error) { return 0, errors.ErrUnsupported }

func isNoOption(error) bool { return false }

func describe(fd uintptr) socket { return socket{fd: fd, network: other} }

func stateOf(uintptr, Networks) state { return state{} }

func takesIPv4(uintptr) bool { return false }

func putTimeval([]byte, time.Duration) int { return 0 }

func timeval([]byte) time.Duration { return 0 }

func putLinger([]byte, time.Duration) int { return 0 }

func linger([]byte) time.Duration { return 0 }
