//go:build unix && !aix

package listener

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// duplicate returns a listener on a duplicate of the descriptor, if that is a
// listening socket of streams. The descriptor is not passed on to the programs
// that this one starts; else a port would stay open with nobody who accepts.
func duplicate(a address) (net.Listener, error) {
	fd, err := unix.FcntlInt(uintptr(a.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", err)
	}
	f := os.NewFile(uintptr(fd), a.network+"://"+a.text)
	defer f.Close()
	if err := a.checkInode(fd); err != nil {
		return nil, err
	}
	if err := checkListening(fd); err != nil {
		return nil, err
	}
	unix.CloseOnExec(a.fd)
	return net.FileListener(f)
}

// checkListening takes the sockets that can be accepted from.
func checkListening(fd int) error {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return os.NewSyscallError("getsockopt SO_TYPE", err)
	}
	if kind != unix.SOCK_STREAM && kind != unix.SOCK_SEQPACKET {
		return fmt.Errorf("the socket is of type %d, which is neither SOCK_STREAM nor SOCK_SEQPACKET: %w", kind, syscall.ESOCKTNOSUPPORT)
	}
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err == nil && listening == 0 {
		return fmt.Errorf("the socket does not listen: %w", syscall.EINVAL)
	}
	return os.NewSyscallError("getsockopt SO_ACCEPTCONN", err)
}

// checkInode takes the descriptor that Pass gave.
func (a address) checkInode(fd int) error {
	if a.inode == "" {
		return nil
	}
	got, err := inode(fd)
	if err == nil && got != a.inode {
		err = errors.New("the descriptor is another process's: it has inode " + got + ", and " + envInodes + " says " + a.inode)
	}
	return err
}

// inode identifies a socket among those that are open.
func inode(fd int) (string, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return "", os.NewSyscallError("fstat", err)
	}
	return strconv.FormatUint(uint64(stat.Ino), 10), nil //nolint:unconvert // it is not 64 bits wide on every system
}

// duplicateFile is File of a listener of package net, except that what that
// returns makes the socket block as soon as a process is started with it: the
// mode is common to all duplicates, and Accept and Close would hang.
func duplicateFile(l net.Listener) (*os.File, error) {
	var fd int
	var dupErr error
	err := control(l, func(n uintptr) { fd, dupErr = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 0) })
	if err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, os.NewSyscallError("fcntl F_DUPFD_CLOEXEC", dupErr)
	}
	return os.NewFile(uintptr(fd), l.Addr().Network()+":"+l.Addr().String()), nil
}

// fileInode is inode without the change of mode that (*os.File).Fd can make.
func fileInode(f *os.File) (id string, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return "", err
	}
	if controlErr := raw.Control(func(fd uintptr) { id, err = inode(int(fd)) }); controlErr != nil {
		return "", controlErr
	}
	return id, err
}

func closeDescriptor(fd int) error { return os.NewSyscallError("close", unix.Close(fd)) }
