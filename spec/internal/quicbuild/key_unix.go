//go:build unix

package quicbuild

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

var errOthersRead = errors.New("can be read by others: want no permission for others, mode 0640 or 0600")

// open does not wait for who writes to a pipe (fifo(7)).
func open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// private refuses a file that anybody can read. The group may, as tlsx has it.
func private(info fs.FileInfo) error {
	if info.Mode().Perm()&0o004 != 0 {
		return errOthersRead
	}
	return nil
}
