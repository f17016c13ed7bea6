//go:build !unix

package udpsession_test

import "syscall"

// errTooLong is WSAEMSGSIZE of winsock2.h; package syscall has no name for it.
const errTooLong = syscall.Errno(10040)
