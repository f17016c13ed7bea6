//go:build !plan9

package netstack

import "syscall"

// The system errors that this package's errors are as well.
const (
	eAddrInUse      = syscall.EADDRINUSE
	eAddrNotAvail   = syscall.EADDRNOTAVAIL
	eAFNoSupport    = syscall.EAFNOSUPPORT
	eAgain          = syscall.EAGAIN
	eAlready        = syscall.EALREADY
	eAcces          = syscall.EACCES
	eConnAborted    = syscall.ECONNABORTED
	eConnRefused    = syscall.ECONNREFUSED
	eConnReset      = syscall.ECONNRESET
	eDestAddrReq    = syscall.EDESTADDRREQ
	eExist          = syscall.EEXIST
	eFault          = syscall.EFAULT
	eHostUnreach    = syscall.EHOSTUNREACH
	eInProgress     = syscall.EINPROGRESS
	eInval          = syscall.EINVAL
	eIsConn         = syscall.EISCONN
	eMsgSize        = syscall.EMSGSIZE
	eNetUnreach     = syscall.ENETUNREACH
	eNoBufs         = syscall.ENOBUFS
	eNoDev          = syscall.ENODEV
	eNoProtoOpt     = syscall.ENOPROTOOPT
	eNotConn        = syscall.ENOTCONN
	eOpNotSupp      = syscall.EOPNOTSUPP
	ePerm           = syscall.EPERM
	ePipe           = syscall.EPIPE
	eProtoNoSupport = syscall.EPROTONOSUPPORT
	eTimedOut       = syscall.ETIMEDOUT
)
