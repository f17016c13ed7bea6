package lonet

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is the high half of the place of the one byte that is locked. Others
// cannot read what is locked, so it is far behind the text of the file.
const lockAt = 1 << 30

// keepOpen says that others can remove a file that is open. Not on every file
// system here: so the files of others are opened for each dial.
const keepOpen = false

// lockFile takes a lock or returns errBusy. It belongs to the handle.
func lockFile(f *os.File, exclusive bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	return control(f, func(h windows.Handle) error {
		err := windows.LockFileEx(h, flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockAt})
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
			return errBusy
		}
		return err
	})
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error {
	return control(f, func(h windows.Handle) error {
		return windows.UnlockFileEx(h, 0, 1, 0, &windows.Overlapped{OffsetHigh: lockAt})
	})
}

// control calls do with the handle of f.
func control(f *os.File, do func(windows.Handle) error) error {
	c, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = c.Control(func(fd uintptr) { failed = do(windows.Handle(fd)) })
	return both(err, failed)
}

// passing reports whether opening a file fails only as long as another process
// is about to remove it: where file systems lack POSIX semantics, the name
// stays until the last handle is closed.
func passing(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_DELETE_PENDING) ||
		errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}
