package bench

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/sockopt"
)

// connCases set and read one option of a conn that is open.
func connCases() []Case {
	idle := 30 * time.Second
	list := sockopt.Options{sockopt.TCPKeepIdle.Value(idle)}
	return []Case{
		{
			Name:  "set one option of a conn",
			Batch: 100,
			Ways: []Way{
				connWay("SyscallConn and unix.SetsockoptInt", setByHand),
				connWay("Options.ApplyStage", func(c *net.TCPConn) error {
					raw, err := c.SyscallConn()
					if err != nil {
						return err
					}
					return list.ApplyStage(sockopt.Established, "tcp4", raw)
				}),
				connWay("Options.Apply", func(c *net.TCPConn) error { return list.Apply(c) }),
				connWay("Handle.Set", func(c *net.TCPConn) error { return sockopt.TCPKeepIdle.Set(c, idle) }),
			},
		},
		{
			Name:  "read one option of a conn",
			Batch: 100,
			Ways: []Way{
				connWay("SyscallConn and unix.GetsockoptInt", getByHand),
				connWay("Handle.Get", func(c *net.TCPConn) error {
					_, err := sockopt.TCPKeepIdle.Get(c)
					return err
				}),
			},
		},
	}
}

func setByHand(c *net.TCPConn) error {
	return controlConn(c, func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 30) })
}

func getByHand(c *net.TCPConn) error {
	return controlConn(c, func(fd int) error {
		_, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
		return err
	})
}

func controlConn(c syscall.Conn, f func(fd int) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) { err = f(int(fd)) })
	if cerr != nil {
		return cerr
	}
	return err
}

func connWay(name string, do func(*net.TCPConn) error) Way {
	return Way{Name: name, Prepare: func(n int) (*Run, error) {
		l, err := listen()
		if err != nil {
			return nil, err
		}
		defer l.Close()
		conns := &conns{}
		if err := conns.dial(l.Addr(), 1); err != nil {
			return nil, err
		}
		conn := conns.clients[0].(*net.TCPConn)
		return &Run{Close: conns.close, Do: func() error {
			for range n {
				if err := do(conn); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}}
}
