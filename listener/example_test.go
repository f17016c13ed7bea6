package listener_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

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

func ExampleListener() {
	opened, err := listener.New(context.Background(), &listener.Config{
		Address:           "tcp://127.0.0.1:0",
		Deny:              []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		MaxConns:          10_000,
		MaxConnsPerSource: 100,
		IdleTimeout:       time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	l := opened.(listener.Listener)
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
	go func() {
		io.Copy(io.Discard, conn)
		conn.Close()
	}()
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println("shutdown:", l.Shutdown(limit))
	stats := l.Stats()
	fmt.Println("accepted:", stats.Accepted, "active:", stats.Active, "refused:", stats.RefusedByRule)
	// Output:
	// shutdown: <nil>
	// accepted: 1 active: 0 refused: 0
}

func ExampleProxyHeaderOf() {
	local, err := listener.ParsePrefix("127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := listener.New(context.Background(), &listener.Config{
		Address:       "tcp://127.0.0.1:0",
		ProxyProtocol: &listener.ProxyProtocol{Trusted: []netip.Prefix{local}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		if proxy, err := net.Dial("tcp", l.Addr().String()); err == nil {
			io.WriteString(proxy, "PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\nhello")
			proxy.Close()
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
	header, ok := listener.ProxyHeaderOf(conn)
	fmt.Printf("%s from %s to %s, header: %t, version %d\n", text, conn.RemoteAddr(), conn.LocalAddr(), ok, header.Version)
	// Output: hello from 192.0.2.7:40000 to 198.51.100.1:443, header: true, version 1
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
