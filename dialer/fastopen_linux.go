package dialer

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// establish brings a conn about whose connect TCP_FASTOPEN_CONNECT has put off: connect(2) succeeds at once if the
// kernel has a cookie, and the SYN goes with the first write, or never (tcp(7)). It sends the SYN, with as much of data
// as fits or with none, and waits for the peer, so that what is returned is a conn like any other. It returns how much
// of data is on its way. A conn that is established already stays as it is.
func establish(ctx context.Context, conn net.Conn, data []byte) (sent int, err error) {
	raw, err := conn.(syscall.Conn).SyscallConn() // all conns of net have it
	if err != nil {
		return 0, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetWriteDeadline(deadline)
		defer conn.SetWriteDeadline(time.Time{})
	}
	stop := context.AfterFunc(ctx, func() { interrupt(conn) })
	c := connecting{data: data}
	err = raw.Write(c.step)
	switch {
	case !stop() || ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded): // the conn's deadline fires a little before the context's
		return 0, context.DeadlineExceeded
	case err == nil:
		err = c.err
	}
	if err != nil {
		return 0, &net.OpError{Op: "dial", Net: conn.RemoteAddr().Network(), Source: conn.LocalAddr(), Addr: conn.RemoteAddr(), Err: err}
	}
	return c.sent, nil
}

// connecting is the state of establish.
type connecting struct {
	data    []byte
	started bool
	sent    int
	err     error
}

// step is called when the socket may have become writable. It reports whether all is done.
func (c *connecting) step(fd uintptr) bool {
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		c.err = os.NewSyscallError("getsockopt", err)
		return true
	}
	switch info.State {
	case unix.BPF_TCP_SYN_SENT:
		if c.started {
			return false
		}
		c.started = true
		c.err = c.start(int(fd))
		return c.err != nil
	case unix.BPF_TCP_SYN_RECV:
		return false
	case unix.BPF_TCP_CLOSE:
		c.err = socketError(int(fd))
	}
	return true
}

// start sends the SYN. EINPROGRESS says that the kernel took none of the data with it.
func (c *connecting) start(fd int) (err error) {
	c.sent, err = unix.SendmsgN(fd, c.data, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if errors.Is(err, unix.EINPROGRESS) || errors.Is(err, unix.EAGAIN) {
		c.sent, err = 0, nil
	}
	return os.NewSyscallError("connect", err)
}

// socketError says why a socket is closed. It is nil if the peer came and went.
func socketError(fd int) error {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && n != 0 {
		err = syscall.Errno(n)
	}
	return os.NewSyscallError("connect", err)
}
