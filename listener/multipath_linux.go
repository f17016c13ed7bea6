package listener

import (
	"errors"
	"os"
	"syscall"
)

// protocolMPTCP is IPPROTO_MPTCP of linux/in.h.
const protocolMPTCP = 262

// isMPTCP asks the kernel, because package net does not tell for a listener.
func isMPTCP(socket syscall.Conn) (bool, error) {
	var protocol int
	var getErr error
	err := control(socket, func(fd uintptr) {
		protocol, getErr = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PROTOCOL)
	})
	return protocol == protocolMPTCP, errors.Join(err, os.NewSyscallError("getsockopt SO_PROTOCOL", getErr))
}
