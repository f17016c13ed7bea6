package udpsession_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/strata-net/strata/listener/udpsession"
)

func ExampleListen() {
	l, err := udpsession.Listen(context.Background(), &udpsession.Config{
		Address:     "udp://127.0.0.1:0",
		IdleTimeout: 10 * time.Second,
		MaxSessions: 10_000,
		OnFull:      udpsession.EvictIdle,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the listener was closed
			}
			go func() {
				defer conn.Close()
				io.Copy(conn, conn) // an echo, until the session ends
			}()
		}
	}()

	client, err := net.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	buf := make([]byte, 1500)
	for _, text := range []string{"hello", "again"} {
		if _, err := io.WriteString(client, text); err != nil {
			fmt.Println(err)
			return
		}
		n, err := client.Read(buf)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", buf[:n])
	}
	// Output:
	// hello
	// again
}

func ExampleListener_Stats() {
	l, err := udpsession.Listen(context.Background(), &udpsession.Config{Address: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := net.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "hello"); err != nil {
		fmt.Println(err)
		return
	}
	conn, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.(*udpsession.Listener).Stats().Active, "session")
	if err := l.Close(); err != nil {
		fmt.Println(err)
		return
	}
	_, err = conn.Read(make([]byte, 1500)) // it shares the listener's socket
	fmt.Println(err.(*net.OpError).Err)
	// Output:
	// 1 session
	// use of closed network connection
}
