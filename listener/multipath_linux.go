package listener

import (
	"os"
	"syscall"
)

// protocolMPTCP is IPPROTO_MPTCP of linux/in.h.
const protocolMPTCP = 262

// isMPTCP asks the kernel, because package net does not tell for a listener.
func isMPTCP(c syscall.RawConn) (is bool, err error) {
	ctlErr := c.Control(func(fd uintptr) {
		var protocol int
		protocol, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_PROTOCOL)
		is = protocol == protocolMPTCP
	})
	if ctlErr != nil {
		return false, ctlErr
	}
	return is, os.NewSyscallError("getsockopt SO_PROTOCOL", err)
}
