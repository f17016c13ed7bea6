package bench

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/sockopt"
)

// control is the type of net.Dialer.Control.
type control = func(network, address string, c syscall.RawConn) error

// A setting is one option in both forms.
type setting struct {
	option               sockopt.Option
	level, number, value int
}

// bindSettings are for a TCP socket over IPv4 that is neither bound nor connected. None needs a privilege.
// They stand in the order in which sockopt applies them: SO_PRIORITY comes after IP_TOS, which would rewrite it.
var bindSettings = []setting{
	{sockopt.ReuseAddr.Value(true), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1},
	{sockopt.RcvBuf.Value(65536), unix.SOL_SOCKET, unix.SO_RCVBUF, 65536},
	{sockopt.SndBuf.Value(65536), unix.SOL_SOCKET, unix.SO_SNDBUF, 65536},
	{sockopt.IPTOS.Value(184), unix.IPPROTO_IP, unix.IP_TOS, 184},
	{sockopt.TCPUserTimeout.Value(5 * time.Second), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 5000},
	{sockopt.IPTTL.Value(32), unix.IPPROTO_IP, unix.IP_TTL, 32},
	{sockopt.TCPMaxSeg.Value(1200), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1200},
	{sockopt.TCPSynCnt.Value(3), unix.IPPROTO_TCP, unix.TCP_SYNCNT, 3},
	{sockopt.TCPNotSentLowat.Value(16384), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 16384},
	{sockopt.Priority.Value(4), unix.SOL_SOCKET, unix.SO_PRIORITY, 4},
}

// connSettings are for an accepted conn.
var connSettings = []setting{
	{sockopt.TCPNoDelay.Value(false), unix.IPPROTO_TCP, unix.TCP_NODELAY, 0},
	{sockopt.TCPKeepIdle.Value(30 * time.Second), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 30},
	{sockopt.TCPKeepIntvl.Value(5 * time.Second), unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 5},
	{sockopt.TCPKeepCnt.Value(4), unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 4},
}

func options(settings []setting) sockopt.Options {
	var list sockopt.Options
	for _, s := range settings {
		list = append(list, s.option)
	}
	return list
}

// byHand is the closure that people write.
func byHand(settings []setting) control {
	return func(_, _ string, c syscall.RawConn) error {
		var err error
		cerr := c.Control(func(fd uintptr) {
			for i := range settings {
				s := &settings[i]
				if err = unix.SetsockoptInt(int(fd), s.level, s.number, s.value); err != nil {
					return
				}
			}
		})
		if cerr != nil {
			return cerr
		}
		return err
	}
}

// bareCalls makes nothing but the system calls, past Go's scheduler: no code can take less time.
type bareCalls struct {
	settings []setting
	values   []int32
	errno    syscall.Errno
	run      func(fd uintptr) // set, made once so that a call allocates nothing
}

func bare(settings []setting) control {
	b := &bareCalls{settings: settings}
	for _, s := range settings {
		b.values = append(b.values, int32(s.value)) //nolint:gosec // the small numbers above
	}
	b.run = b.set
	return b.control
}

func (b *bareCalls) control(_, _ string, c syscall.RawConn) error {
	if err := c.Control(b.run); err != nil {
		return err
	}
	if b.errno != 0 {
		return b.errno
	}
	return nil
}

func (b *bareCalls) set(fd uintptr) {
	for i := range b.settings {
		s := &b.settings[i]
		_, _, b.errno = unix.RawSyscall6(unix.SYS_SETSOCKOPT, fd, uintptr(s.level), uintptr(s.number),
			uintptr(unsafe.Pointer(&b.values[i])), unsafe.Sizeof(b.values[i]), 0)
		if b.errno != 0 {
			return
		}
	}
}
