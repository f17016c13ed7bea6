//go:build darwin || freebsd

package listener

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// solLocal is SOL_LOCAL of sys/un.h.
const solLocal = 0

// peerCred asks for LOCAL_PEERCRED, see unix(4).
func peerCred(c syscall.Conn) (*Cred, error) {
	var u *unix.Xucred
	var getErr error
	err := control(c, func(fd uintptr) {
		u, getErr = unix.GetsockoptXucred(int(fd), solLocal, unix.LOCAL_PEERCRED)
	})
	if err != nil {
		return nil, err
	}
	if getErr != nil {
		return nil, os.NewSyscallError("getsockopt LOCAL_PEERCRED", getErr)
	}
	return &Cred{UID: u.Uid, GID: u.Groups[0]}, nil // the first group is the effective one
}
