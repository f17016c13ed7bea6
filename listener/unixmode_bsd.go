//go:build darwin || freebsd || openbsd || netbsd || dragonfly

package listener

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// restrict cannot be done here: the file has the umask's mode until chmod.
func restrict(uintptr, fs.FileMode) error { return nil }

// chmod changes the file and never what a link points to: whoever can write to
// the folder could have put one there.
func (f *socketFile) chmod(mode fs.FileMode) error {
	err := unix.Fchmodat(unix.AT_FDCWD, f.path, uint32(mode), unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return &os.PathError{Op: "chmod", Path: f.path, Err: err}
	}
	return nil
}
