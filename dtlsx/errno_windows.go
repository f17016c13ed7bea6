package dtlsx

import "syscall"

// errMessageSize is WSAEMSGSIZE, which package syscall does not know as EMSGSIZE.
const errMessageSize = syscall.Errno(10040)
