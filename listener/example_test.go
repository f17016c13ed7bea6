package listener_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func ExampleNew() {
	l, err := listener.New(context.Background(), &listener.Config{
		Address: "tcp://127.0.0.1:0",
		Options: sockopt.Options{sockopt.TCPNoDelay.Value(false)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		if client, err := net.Dial("tcp", l.Addr().String()); err == nil {
			io.WriteString(client, "hello")
			client.Close()
		}
	}()

	conn, err := l.Accept()
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

func ExampleNewPacketConn() {
	pc, err := listener.NewPacketConn(context.Background(), &listener.PacketConfig{Address: "udp://127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pc.Close()
	client, err := net.Dial("udp", pc.LocalAddr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "hello"); err != nil {
		fmt.Println(err)
		return
	}

	buf := make([]byte, 1500)
	n, from, err := pc.ReadFrom(buf)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s from %s\n", buf[:n], netip.MustParseAddrPort(from.String()).Addr())
	// Output: hello from 127.0.0.1
}

func ExampleReadPacket() {
	pc, err := listener.NewPacketConn(context.Background(), &listener.PacketConfig{Address: "udp4://:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pc.Close()
	client, err := net.Dial("udp4", fmt.Sprintf("127.0.0.1:%d", pc.LocalAddr().(*net.UDPAddr).Port))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, "hello"); err != nil {
		fmt.Println(err)
		return
	}

	buf := make([]byte, 1500)
	n, info, err := listener.ReadPacket(pc, buf)
	if err != nil {
		fmt.Println(err)
		return
	}
	// With PacketConfig.Destination the answer would come from the address that
	// the client has sent to, on a machine with several.
	if _, err := listener.WritePacket(pc, buf[:n], info); err != nil {
		fmt.Println(err)
		return
	}
	n, err = client.Read(buf)
	fmt.Printf("%s from %s, %v\n", buf[:n], info.Addr.Addr(), err)
	// Output: hello from 127.0.0.1, <nil>
}
