package quicx

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
)

// quiet is a UDP socket whose buffers quic-go leaves as they are.
//
// quic-go enlarges the buffers of a bare *net.UDPConn, whatever size was asked for, and prints a warning with package
// log if the kernel refuses, which it does to every process without CAP_NET_ADMIN on a system with its default limits.
// It cannot compare sizes while SyscallConn fails, and then only calls SetReadBuffer and SetWriteBuffer, in this order,
// before it does anything else. All other methods are those of the *net.UDPConn: batches, GSO and ECN stay on, which a
// test shows. A quic-go with another order would fail to use the socket, and not lose anything silently.
type quiet struct {
	*net.UDPConn
	settled atomic.Bool
}

var errNotYet = errors.New("quicx: the buffers are not to be changed")

// SyscallConn fails until the buffers were passed over.
func (q *quiet) SyscallConn() (syscall.RawConn, error) {
	if !q.settled.Load() {
		return nil, errNotYet
	}
	return q.UDPConn.SyscallConn()
}

// SetReadBuffer leaves the buffer as it is.
func (q *quiet) SetReadBuffer(int) error { return nil }

// SetWriteBuffer leaves the buffer as it is. It is the last thing that quic-go asks about buffers.
func (q *quiet) SetWriteBuffer(int) error {
	q.settled.Store(true)
	return nil
}
