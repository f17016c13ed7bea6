package listener

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// peerCred asks for SO_PEERCRED, see unix(7).
func peerCred(c syscall.Conn) (*Cred, error) {
	var u *unix.Ucred
	var getErr error
	err := control(c, func(fd uintptr) {
		u, getErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil {
		return nil, err
	}
	if getErr != nil {
		return nil, os.NewSyscallError("getsockopt SO_PEERCRED", getErr)
	}
	return &Cred{PID: int(u.Pid), UID: u.Uid, GID: u.Gid}, nil
}
