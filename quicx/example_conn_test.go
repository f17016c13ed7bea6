package quicx_test

import (
	"context"
	"fmt"
	"io"

	"github.com/strata-net/strata/quicx"
)

// A stream of a conn that quic-go's own API has opened, as a net.Conn.
func ExampleNewStreamConn() {
	serverConfig, clientConfig, err := exampleConfigs()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	l, err := quicx.NewListener(ctx, serverConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		accepted, err := l.Accept(ctx)
		if err != nil {
			return
		}
		stream, err := accepted.AcceptStream(ctx)
		if err != nil {
			return
		}
		conn := quicx.NewStreamConn(accepted, stream)
		io.Copy(conn, conn)
		conn.Close()
	}()

	client, err := quicx.NewDialer(clientConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	dialled, err := client.Dial("udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := dialled.OpenStreamSync(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	conn := quicx.NewStreamConn(dialled, stream)
	defer conn.Close()
	fmt.Fprint(conn, "hello")
	conn.CloseWrite()
	text, err := io.ReadAll(conn)
	fmt.Println(string(text), conn.RemoteAddr().Network(), err)
	// Output: hello udp <nil>
}
