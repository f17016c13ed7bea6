package quicx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/tlsx/pki"
)

func ExampleNewDialer() {
	l, roots := exampleServer()
	defer l.Close()

	client, err := quicx.NewDialer(&quicx.DialConfig{
		TLS:     &tls.Config{RootCAs: roots.Pool(), NextProtos: []string{"echo"}},
		Options: sockopt.Options{sockopt.Prefer(sockopt.Priority.Value(6))},
		Timeout: 10 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	conn, err := client.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := conn.OpenStream()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(stream, "hello")
	stream.Close()
	reply, _ := io.ReadAll(stream)
	fmt.Println(string(reply), "over", conn.ConnectionState().Version)
	// Output: hello over v1
}

// exampleServer sends back what comes on the first stream of a conn.
func exampleServer() (*quicx.Listener, *pki.CA) {
	leaf, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		panic(err)
	}
	l, err := quicx.NewListener(context.Background(), &quicx.ListenConfig{
		Address: "127.0.0.1:0",
		TLS:     &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}, NextProtos: []string{"echo"}},
	})
	if err != nil {
		panic(err)
	}
	go func() {
		conn, err := l.Accept(context.Background())
		if err != nil {
			return
		}
		if stream, err := conn.AcceptStream(context.Background()); err == nil {
			io.Copy(stream, stream)
			stream.Close()
		}
	}()
	return l, authority()
}
