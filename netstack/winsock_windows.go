package netstack

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// winsock has the errors that sockets of Windows answer with. Those of package syscall are
// made up there.
var winsock = map[error]syscall.Errno{
	eAddrInUse:      windows.WSAEADDRINUSE,
	eAddrNotAvail:   windows.WSAEADDRNOTAVAIL,
	eAFNoSupport:    windows.WSAEAFNOSUPPORT,
	eAgain:          windows.WSAEWOULDBLOCK,
	eAlready:        windows.WSAEALREADY,
	eAcces:          windows.WSAEACCES,
	eConnAborted:    windows.WSAECONNABORTED,
	eConnRefused:    windows.WSAECONNREFUSED,
	eConnReset:      windows.WSAECONNRESET,
	eDestAddrReq:    windows.WSAEDESTADDRREQ,
	eFault:          windows.WSAEFAULT,
	eHostUnreach:    windows.WSAEHOSTUNREACH,
	eInProgress:     windows.WSAEINPROGRESS,
	eInval:          windows.WSAEINVAL,
	eIsConn:         windows.WSAEISCONN,
	eMsgSize:        windows.WSAEMSGSIZE,
	eNetUnreach:     windows.WSAENETUNREACH,
	eNoBufs:         windows.WSAENOBUFS,
	eNoProtoOpt:     windows.WSAENOPROTOOPT,
	eNotConn:        windows.WSAENOTCONN,
	eOpNotSupp:      windows.WSAEOPNOTSUPP,
	ePipe:           windows.WSAESHUTDOWN,
	eProtoNoSupport: windows.WSAEPROTONOSUPPORT,
	eTimedOut:       windows.WSAETIMEDOUT,
}

// systemErrors returns errno, and the one of Winsock that means the same.
func systemErrors(errno error) []error {
	errs := []error{errno}
	if w, ok := winsock[errno]; ok {
		errs = append(errs, w)
	}
	return errs
}
