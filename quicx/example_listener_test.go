package quicx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

func ExampleNewListener() {
	ca, _ := pki.New(nil)
	leaf, _ := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})

	l, err := quicx.NewListener(context.Background(), &quicx.ListenConfig{
		Address: "udp://127.0.0.1:0",
		TLS: &tls.Config{
			Certificates: []tls.Certificate{leaf.TLS()},
			NextProtos:   []string{"echo"},
		},
		Deny:              []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		MaxConns:          10_000,
		MaxConnsPerSource: 100,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		for {
			conn, err := l.Accept(context.Background())
			if err != nil {
				return // the listener is closed
			}
			go func() {
				for {
					stream, err := conn.AcceptStream(context.Background())
					if err != nil {
						return
					}
					io.Copy(stream, stream)
					stream.Close()
				}
			}()
		}
	}()

	c, err := quicx.NewDialer(&quicx.DialConfig{
		TLS: &tls.Config{RootCAs: ca.Pool(), NextProtos: []string{"echo"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := c.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, _ := conn.OpenStream()
	fmt.Fprint(stream, "hello")
	stream.Close()
	back, err := io.ReadAll(stream)
	fmt.Println(string(back), err)
	conn.CloseWithError(0, "")
	c.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(l.Shutdown(ctx), l.Stats().Accepted)
	// Output:
	// hello <nil>
	// <nil> 1
}
