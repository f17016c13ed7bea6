package tunx

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sending is a sendto(2) that does not wait.
type sending struct {
	name   unix.RawSockaddrInet6
	length int // of the name, 0 for a socket that is connected
	p      []byte
	errno  unix.Errno
	call   func(fd uintptr) // made once: a closure for each call would allocate
}

var sendings = sync.Pool{New: func() any {
	a := new(sending)
	a.call = a.sendto
	return a
}}

// address sets the destination for a socket of a family. It is false for those that package
// net has to look at: other families and zones.
func (a *sending) address(domain int, to netip.AddrPort) bool {
	ip := to.Addr()
	switch {
	case !ip.IsValid() || ip.Zone() != "":
		return false
	case domain == unix.AF_INET6:
		a.name = unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: ip.As16()}
		a.length = unix.SizeofSockaddrInet6
	case domain == unix.AF_INET && ip.Is4():
		name := (*unix.RawSockaddrInet4)(unsafe.Pointer(&a.name))
		*name = unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: ip.As4()}
		a.length = unix.SizeofSockaddrInet4
	default:
		return false
	}
	// The port is at the same place in both.
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&a.name.Port))[:], to.Port())
	return true
}

// send sends p, and keeps nothing of it. A socket that is closed is EBADF.
func (a *sending) send(raw syscall.RawConn, p []byte) unix.Errno {
	a.p, a.errno = p, unix.EBADF
	_ = raw.Control(a.call) // which waits for nobody, as Write does
	a.p = nil
	return a.errno
}

func (a *sending) sendto(fd uintptr) {
	var name unsafe.Pointer
	if a.length > 0 {
		name = unsafe.Pointer(&a.name)
	}
	for {
		_, _, a.errno = unix.Syscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(a.p))), uintptr(len(a.p)),
			unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, uintptr(name), uintptr(a.length))
		if a.errno != unix.EINTR {
			return
		}
	}
}
