package lonet

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// wsaPoll is WSAPoll, which x/sys lacks. A read that only peeks would wait: the
// sockets of package net are blocking ones here.
var wsaPoll = windows.NewLazySystemDLL("ws2_32.dll").NewProc("WSAPoll")

// pollFD is WSAPOLLFD, and the numbers are those of winsock2.h.
type pollFD struct {
	fd              uintptr
	events, revents int16
}

const (
	pollIn   = 0x0300 // POLLRDNORM | POLLRDBAND
	pollGone = 0x0003 // POLLERR | POLLHUP
)

// hungUp reports whether the other end of a conn has closed it. Nothing is read.
func hungUp(fd uintptr) bool {
	p := pollFD{fd: fd, events: pollIn}
	n, _, _ := wsaPoll.Call(uintptr(unsafe.Pointer(&p)), 1, 0)
	return int32(n) > 0 && p.revents&pollGone != 0 //nolint:gosec // the call returns an int
}
