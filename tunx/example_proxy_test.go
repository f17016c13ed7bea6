package tunx_test

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/strata-net/strata/tunx"
)

// echoServer sends one datagram back.
func echoServer() (net.PacketConn, error) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		p := make([]byte, 100)
		if n, from, err := server.ReadFrom(p); err == nil {
			server.WriteTo(p[:n], from)
		}
	}()
	return server, nil
}

// printer prints answers.
type printer chan string

func (r printer) WriteFrom(p []byte, _ net.Addr) (int, error) {
	r <- string(p)
	return len(p), nil
}

func (printer) Close() error { return nil }

func ExampleNewPacketProxyFromPacketListener() {
	server, err := echoServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	proxy, err := tunx.NewPacketProxyFromPacketListener(
		tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"),
		tunx.WithPacketListenerWriteIdleTimeout(time.Minute),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	answers := make(printer, 1)
	session, err := proxy.NewSession(answers) // a socket
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	if _, err := session.WriteTo([]byte("hello"), server.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-answers)
	// Output: hello
}

func ExampleNewPacketProxyFromDialer() {
	server, err := echoServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	proxy, err := tunx.NewPacketProxyFromDialer(&net.Dialer{}, &tunx.PacketDialerConfig{MaxDestinations: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	answers := make(printer, 1)
	session, err := proxy.NewSession(answers)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close()
	if _, err := session.WriteTo([]byte("hello"), server.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil { // a conn
		fmt.Println(err)
		return
	}
	fmt.Println(<-answers)
	// Output: hello
}

// In the pull shape answers are asked for.
func ExamplePacketRelayFrom() {
	server, err := echoServer()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	proxy, err := tunx.NewPacketProxyFromDialer(&net.Dialer{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	a, err := tunx.PacketRelayFrom(proxy).NewAssociation(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	to := server.LocalAddr().(*net.UDPAddr).AddrPort()
	if _, err := a.WriteTo([]byte("hello"), to); err != nil {
		fmt.Println(err)
		return
	}
	p := make([]byte, 100)
	n, from, err := a.ReadFrom(ctx, p)
	fmt.Println(string(p[:n]), from == to, err)
	// Output: hello true <nil>
}
