package pki

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// errorSharingViolation is what Windows calls a file that is in use.
const errorSharingViolation = syscall.Errno(32)

// rename replaces the file to. Windows refuses that while somebody has the file
// open, a server that reloads it for example: it is tried for a second.
func rename(from, to string) error {
	for end := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		err := os.Rename(from, to)
		used := errors.Is(err, syscall.ERROR_ACCESS_DENIED) || errors.Is(err, errorSharingViolation)
		if !used || time.Now().After(end) {
			return err
		}
	}
}
