package sockopt_test

import (
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"github.com/strata-net/strata/sockopt"
)

// peer is a listener on loopback for the examples to dial.
func peer() net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return l
}

// With package net alone: Control before connect, Apply after it.
func Example() {
	server := peer()
	defer server.Close()
	address := server.Addr().String()

	options := sockopt.Options{
		sockopt.KeepAlive.Value(true),
		sockopt.TCPNoDelay.Value(false),
		sockopt.Prefer(sockopt.TCPUserTimeout.Value(10 * time.Second)), // not on every system
	}
	dialer := net.Dialer{Control: options.Control}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()

	socket := conn.(*net.TCPConn)
	if err := errors.Join(options.Apply(socket), options.Verify(socket)); err != nil {
		fmt.Println(err)
		return
	}
	noDelay, err := sockopt.TCPNoDelay.Get(socket)
	fmt.Println(noDelay, err)
	// Output: false <nil>
}

func ExampleParseList() {
	options, err := sockopt.ParseList("TCP_NODELAY=false, SO_KEEPALIVE=true")
	fmt.Println(options, err)
	_, err = sockopt.ParseList("TCP_NODELAI=false")
	fmt.Println(err)
	// Output:
	// TCP_NODELAY=false,SO_KEEPALIVE=true <nil>
	// sockopt: parse TCP_NODELAI=false: invalid argument: unknown option, did you mean TCP_NODELAY?
}

func ExampleHandle_Set() {
	server := peer()
	defer server.Close()

	socket := server.(*net.TCPListener)
	if err := sockopt.KeepAlive.Set(socket, true); err != nil {
		fmt.Println(err)
		return
	}
	on, err := sockopt.KeepAlive.Get(socket)
	fmt.Println(on, err)
	// Output: true <nil>
}

func ExampleLookup() {
	info, ok := sockopt.Lookup("TCP_NODELAY")
	fmt.Println(ok, info.Ident, info.Kind, info.Allowed())
	// Output: true TCPNoDelay bool true or false
}
