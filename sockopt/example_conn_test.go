package sockopt_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"net"
	"syscall"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// connect returns a conn of this process to itself.
func connect() (conn *net.TCPConn, closeBoth func()) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		panic(err)
	}
	server, err := l.Accept()
	if err != nil {
		panic(err)
	}
	return client.(*net.TCPConn), func() {
		client.Close()
		server.Close()
	}
}

func ExampleOptions_Control() {
	opts := sockopt.Options{sockopt.IPTTL.Value(9)}
	config := net.ListenConfig{Control: opts.Control}
	config.SetMultipathTCP(false) // which has no IP_TTL, see Options.RefusedByMPTCP
	l, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	fmt.Println(sockopt.IPTTL.Get(l.(*net.TCPListener)))
	// Output: 9 <nil>
}

func ExampleOptions_Control_dialer() {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	opts := sockopt.Options{sockopt.IPTTL.Value(9)}
	d := net.Dialer{Control: opts.Control}
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	fmt.Println(opts.Verify(conn.(*net.TCPConn)))
	// Output: <nil>
}

func ExampleOptions_Apply() {
	conn, closeBoth := connect()
	defer closeBoth()

	opts := sockopt.Options{
		sockopt.KeepAlive.Value(false),
		sockopt.Linger.Value(3 * time.Second),
	}
	if err := opts.Apply(conn); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sockopt.KeepAlive.Get(conn))
	fmt.Println(sockopt.Linger.Get(conn))
	// Output:
	// false <nil>
	// 3s <nil>
}

func ExampleOptions_ApplyStage() {
	conn, closeBoth := connect()
	defer closeBoth()
	raw, err := conn.SyscallConn()
	if err != nil {
		fmt.Println(err)
		return
	}

	opts := sockopt.Options{
		sockopt.TCPNoDelay.Value(false), // at stage established, since package net sets it after connect
		sockopt.IPTTL.Value(9),          // at stage bind
	}
	if err := opts.ApplyStage(sockopt.Established, "tcp4", raw); err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range opts.Report(conn) {
		fmt.Println(r.Option, r.Err == nil)
	}
	// Output:
	// TCP_NODELAY=false true
	// IP_TTL=9 false
}

func ExampleOptions_Verify() {
	conn, closeBoth := connect()
	defer closeBoth()

	// Package net has set TCP_NODELAY, and nobody has changed it.
	fmt.Println(sockopt.Options{sockopt.TCPNoDelay.Value(true)}.Verify(conn))
	fmt.Println(sockopt.Options{sockopt.TCPNoDelay.Value(false)}.Verify(conn))
	// Output:
	// <nil>
	// sockopt: verify TCP_NODELAY=false on tcp4: the kernel says true (rule for TCP_NODELAY: exact; note: package net sets it after connect and accept)
}

func ExampleOptions_Report() {
	conn, closeBoth := connect()
	defer closeBoth()

	opts := sockopt.Options{sockopt.TCPNoDelay.Value(false), sockopt.KeepAlive.Value(true)}
	if err := opts[1:].Apply(conn); err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range opts.Report(conn) {
		fmt.Printf("wanted %s, got %s, as wanted: %t\n", r.Option, r.Got, r.Err == nil)
	}
	// Output:
	// wanted TCP_NODELAY=false, got true, as wanted: false
	// wanted SO_KEEPALIVE=true, got true, as wanted: true
}

func ExamplePrefer() {
	conn, closeBoth := connect()
	defer closeBoth()

	opts := sockopt.Options{sockopt.UDPSegment.Value(1200)}
	err := opts.Apply(conn)
	fmt.Println(errors.Is(err, errors.ErrUnsupported))

	opts = sockopt.Options{sockopt.Prefer(sockopt.UDPSegment.Value(1200))}
	fmt.Println(opts, opts.Apply(conn), opts.Verify(conn))
	for _, r := range opts.Report(conn) {
		fmt.Println(errors.Is(r.Err, errors.ErrUnsupported))
	}
	// Output:
	// true
	// UDP_SEGMENT?=1200 <nil> <nil>
	// true
}

func ExampleRaw() {
	conn, closeBoth := connect()
	defer closeBoth()

	const tcp, noDelay = 6, 1
	off := binary.NativeEndian.AppendUint32(nil, 0)
	opts := sockopt.Options{sockopt.Raw(tcp, noDelay, off)}
	fmt.Println(opts, opts.Apply(conn))
	fmt.Println(sockopt.TCPNoDelay.Get(conn))
	// Output:
	// 6/1=0x00000000 <nil>
	// false <nil>
}

func ExampleHandle_Set_duration() {
	conn, closeBoth := connect()
	defer closeBoth()

	fmt.Println(sockopt.Linger.Set(conn, 5*time.Second))
	fmt.Println(sockopt.Linger.Get(conn))
	fmt.Println(sockopt.Linger.Set(conn, sockopt.LingerOff))
	fmt.Println(errors.Is(sockopt.IPTTL.Set(conn, 300), syscall.EINVAL)) // no hop limit is 300
	// Output:
	// <nil>
	// 5s <nil>
	// <nil>
	// true
}

func ExampleHandle_Get() {
	conn, closeBoth := connect()
	defer closeBoth()

	noDelay, err := sockopt.TCPNoDelay.Get(conn)
	fmt.Println(noDelay, err)
	_, err = sockopt.UDPGRO.Get(conn)
	fmt.Println(errors.Is(err, errors.ErrUnsupported))
	// Output:
	// true <nil>
	// true
}

func ExampleSnapshot() {
	conn, closeBoth := connect()
	defer closeBoth()

	opts, err := sockopt.Snapshot(conn)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range opts {
		switch o.Name() {
		case "SO_KEEPALIVE", "TCP_NODELAY":
			fmt.Println(o)
		}
	}
	// Output:
	// SO_KEEPALIVE=true
	// TCP_NODELAY=true
}

func ExampleError() {
	conn, closeBoth := connect()
	defer closeBoth()

	err := sockopt.Options{sockopt.IPTTL.Value(256), sockopt.UDPGRO.Value(true)}.Apply(conn)
	if first, ok := errors.AsType[*sockopt.Error](err); ok { // both are joined in err
		fmt.Printf("%s %s=%s on %s\n", first.Op, first.Option, first.Value, first.Network)
	}
	fmt.Println(errors.Is(err, syscall.EINVAL), errors.Is(err, errors.ErrUnsupported))
	// Output:
	// set IP_TTL=256 on tcp4
	// true true
}
