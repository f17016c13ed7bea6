package listener

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// restrict lets bind create the file of a unix socket with no more than the
// mode: it is that of the socket itself, less the umask (unix_bind_bsd in
// net/unix/af_unix.c).
func restrict(fd uintptr, mode fs.FileMode) error {
	return os.NewSyscallError("fchmod", unix.Fchmod(int(fd), uint32(mode)))
}

// chmod changes the file and never what a link points to: whoever can write to
// the folder could have put one there.
func (f *socketFile) chmod(mode fs.FileMode) error {
	fd, err := unix.Open(f.path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: f.path, Err: err}
	}
	file := os.NewFile(uintptr(fd), f.path)
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(info, f.info) {
		return &os.PathError{Op: "chmod", Path: f.path, Err: errors.New("the file was replaced")}
	}
	// fchmodat2(2) could do it in one call, from Linux 6.6 on.
	return os.Chmod(fmt.Sprintf("/proc/self/fd/%d", fd), mode)
}
