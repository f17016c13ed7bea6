//go:build linux || darwin || freebsd || openbsd || netbsd || dragonfly

package lonet

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// keepOpen says that others can remove a file that is open.
const keepOpen = true

// lockFile takes a lock or returns errBusy. It belongs to the open file, not to
// the process, so it works inside of one process too (flock(2)).
func lockFile(f *os.File, exclusive bool) error {
	how := unix.LOCK_SH
	if exclusive {
		how = unix.LOCK_EX
	}
	err := flock(f, how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errBusy
	}
	return err
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error { return flock(f, unix.LOCK_UN) }

// flock calls flock(2) again when a signal interrupts it.
func flock(f *os.File, how int) error {
	c, err := f.SyscallConn()
	var failed error
	if err == nil {
		err = c.Control(func(fd uintptr) {
			for failed = unix.EINTR; errors.Is(failed, unix.EINTR); {
				failed = unix.Flock(int(fd), how)
			}
		})
	}
	return both(err, failed)
}

// passing reports whether opening a file fails only as long as another process
// is about to remove it.
func passing(error) bool { return false }
