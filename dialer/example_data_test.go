package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/strata-net/strata/dialer"
)

func ExampleDialData() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go func() {
		if conn, err := server.Accept(); err == nil {
			io.Copy(conn, conn)
			conn.Close()
		}
	}()
	d, err := dialer.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	conn, err := dialer.DialData(context.Background(), d, "tcp", server.Addr().String(), []byte("hello"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	answer := make([]byte, 5)
	if _, err := io.ReadFull(conn, answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(answer))
	// Output: hello
}

func ExampleAttempts() {
	d, err := dialer.New(&dialer.Config{
		Lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = d.Dial("tcp", "service.example:1") // tcpmux, which nobody serves
	if attempts, ok := errors.AsType[dialer.Attempts](err); ok {
		for _, attempt := range attempts {
			fmt.Println(attempt.Address)
		}
	}
	// Output:
	// 127.0.0.1:1
	// [::1]:1
}
