package virtnet

import "syscall"

// Windows has two numbers for each: that of Winsock, which sockets answer, and
// one that package syscall made up.
var (
	errConnRefused      = []error{syscall.ECONNREFUSED, syscall.Errno(10061)}  // WSAECONNREFUSED
	errAddrInUse        = []error{syscall.EADDRINUSE, syscall.Errno(10048)}    // WSAEADDRINUSE
	errAddrNotAvailable = []error{syscall.EADDRNOTAVAIL, syscall.Errno(10049)} // WSAEADDRNOTAVAIL
)
