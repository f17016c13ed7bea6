package dialer_test

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

func ExampleNew() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go func() {
		if conn, err := server.Accept(); err == nil {
			io.WriteString(conn, "hello")
			conn.Close()
		}
	}()

	d, err := dialer.New(&dialer.Config{
		LocalAddr: "127.0.0.1:0",
		Timeout:   5 * time.Second,
		Options:   sockopt.Options{sockopt.TCPNoDelay.Value(false)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := d.Dial("tcp", server.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	text, err := io.ReadAll(conn)
	if err != nil {
		fmt.Println(err)
		return
	}
	noDelay, err := sockopt.TCPNoDelay.Get(conn.(*net.TCPConn))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, TCP_NODELAY=%t\n", text, noDelay)
	// Output: hello, TCP_NODELAY=false
}

func ExampleNew_badConfig() {
	_, err := dialer.New(&dialer.Config{LocalAddr: "127.0.0.1:70000", Timeout: -time.Second})
	fmt.Println(err)
	// Output:
	// dialer: config: LocalAddr=127.0.0.1:70000: port "70000" is not a number from 0 to 65535
	// dialer: config: Timeout=-1s: must not be negative
}

func ExampleParseRewrite() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go func() {
		if conn, err := server.Accept(); err == nil {
			io.WriteString(conn, "hello")
			conn.Close()
		}
	}()

	rule, err := dialer.ParseRewrite("(tcp|*.example.com:https) (tcp|" + server.Addr().String() + ")")
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := dialer.New(&dialer.Config{Rewrites: []dialer.Rewrite{rule}})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := d.Dial("tcp", "www.example.com:443")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	text, err := io.ReadAll(conn)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(text))
	// Output: hello
}
