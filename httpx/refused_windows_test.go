package httpx_test

import "syscall"

// errRefused is WSAECONNREFUSED, which package syscall does not have.
const errRefused = syscall.Errno(10061)
