package socketoptions_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func Example() {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	typed := sockopt.Options{
		sockopt.TCPKeepIdle.Value(30 * time.Second),
		sockopt.TCPNoDelay.Value(false),
	}
	text, err := sockopt.ParseList("SO_RCVBUF=65536, TCP_USER_TIMEOUT?=15s") // ? is Prefer
	if err != nil {
		fmt.Println(err)
		return
	}
	options := slices.Concat(typed, text)

	d, err := dialer.New(&dialer.Config{Timeout: 5 * time.Second, Options: options})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	for _, r := range options.Report(conn.(syscall.Conn)) {
		fmt.Printf("asked for %s, the kernel says %s\n", r.Option, r.Got)
	}
	fmt.Println("verified:", options.Verify(conn.(syscall.Conn)))
	// Output:
	// asked for TCP_KEEPIDLE=30s, the kernel says 30s
	// asked for TCP_NODELAY=false, the kernel says false
	// asked for SO_RCVBUF=65536, the kernel says 131072
	// asked for TCP_USER_TIMEOUT?=15s, the kernel says 15s
	// verified: <nil>
}

// What package net itself can do with the same list: the bind stage is in time,
// and the established one is the caller's.
func Example_net() {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	options := sockopt.Options{sockopt.IPTTL.Value(9), sockopt.TCPNoDelay.Value(false)}
	d := net.Dialer{Control: options.Control} // the bind stage
	conn, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Println(options.Verify(conn.(*net.TCPConn)))

	err = options.At(sockopt.Established).Apply(conn.(*net.TCPConn))
	fmt.Println(err, options.Verify(conn.(*net.TCPConn)))
	// Output:
	// sockopt: verify TCP_NODELAY=false on tcp4: the kernel says true (rule for TCP_NODELAY: exact; note: package net sets it after connect and accept)
	// <nil> <nil>
}

func Example_unsupported() {
	wanted := sockopt.ExclusiveAddrUse.Value(true) // only Windows has it
	_, err := dialer.New(&dialer.Config{Options: sockopt.Options{wanted}})
	fmt.Println(err)
	fmt.Println("unsupported:", errors.Is(err, errors.ErrUnsupported))

	_, err = dialer.New(&dialer.Config{Options: sockopt.Options{sockopt.Prefer(wanted)}})
	fmt.Println("preferred:", err)
	// Output:
	// dialer: config: Options=SO_EXCLUSIVEADDRUSE=true: sockopt: set SO_EXCLUSIVEADDRUSE=true: unsupported operation: linux does not have it
	// unsupported: true
	// preferred: <nil>
}
