package xquic_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"

	"github.com/strata-net/strata/quicx/xquic"
	"github.com/strata-net/strata/tlsx/pki"
)

func ExampleNewDialer() {
	ctx := context.Background()
	cert, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := xquic.NewListener(ctx, &xquic.ListenConfig{
		Address: "127.0.0.1:0",
		TLS:     &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, NextProtos: []string{"hello"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close(ctx)
	go func() {
		conn, err := l.Accept(ctx)
		if err != nil {
			return
		}
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		io.Copy(stream, stream)
		stream.CloseWrite()
	}()

	d, err := xquic.NewDialer(&xquic.DialConfig{
		TLS: &tls.Config{RootCAs: authority().Pool(), NextProtos: []string{"hello"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close(ctx)
	conn, err := d.DialContext(ctx, "udp", l.LocalAddr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := conn.NewStream(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(stream, "hello over x/net/quic")
	stream.CloseWrite()
	text, err := io.ReadAll(stream)
	fmt.Println(string(text), err)
	// Output: hello over x/net/quic <nil>
}
