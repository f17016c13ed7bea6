package fromnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// accept takes conns and keeps them open until the listener is closed.
func accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
	}
}

func Example_byHand() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go accept(l)

	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = errors.Join(
				unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 30),
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 65536),
			)
		})
		return errors.Join(err, failed)
	}}
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	wanted := sockopt.Options{sockopt.TCPKeepIdle.Value(30 * time.Second), sockopt.RcvBuf.Value(65536)}
	fmt.Println(wanted.Verify(conn.(*net.TCPConn)))
	// Output:
	// sockopt: verify TCP_KEEPIDLE=30s on tcp4: the kernel says 15s (rule for TCP_KEEPIDLE: exact; note: package net sets it after connect and accept)
}

func Example_oneFunction() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go accept(l)

	options := sockopt.Options{sockopt.TCPKeepIdle.Value(30 * time.Second), sockopt.RcvBuf.Value(65536)}
	d := net.Dialer{Control: options.Control}
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	socket := conn.(*net.TCPConn)
	err = options.At(sockopt.Established).Apply(socket)
	fmt.Println(err, options.Verify(socket))
	// Output:
	// <nil> <nil>
}

func Example_dialerAndListener() {
	ctx := context.Background()
	options := sockopt.Options{sockopt.TCPKeepIdle.Value(30 * time.Second), sockopt.RcvBuf.Value(65536)}
	l, err := listener.New(ctx, &listener.Config{Address: "tcp://127.0.0.1:0", Options: options})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go accept(l)

	d, err := dialer.New(&dialer.Config{Timeout: 5 * time.Second, Options: options})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := d.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(options.Verify(conn.(*net.TCPConn)))
	// Output:
	// <nil>
}

func Example_wrong() {
	_, err := dialer.New(&dialer.Config{
		Timeout: -time.Second,
		Options: sockopt.Options{sockopt.TCPKeepIdle.Value(0)},
	})
	fmt.Println(err)
	// Output:
	// dialer: config: Timeout=-1s: must not be negative
	// dialer: config: Options=TCP_KEEPIDLE=0s: sockopt: set TCP_KEEPIDLE=0s: invalid argument: allowed: 1s..32767s in steps of 1s
}
