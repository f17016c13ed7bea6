package tunx_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/strata-net/strata/tunx"
)

func ExamplePipe() {
	left, right := tunx.Pipe(1500)
	defer left.Close()

	packet := []byte("\x45 an IP packet")
	if _, err := left.Write(packet); err != nil {
		fmt.Println(err)
		return
	}
	buffer := make([]byte, right.MTU())
	n, err := right.Read(buffer)
	fmt.Println(n, err)
	// Output: 14 <nil>
}

func ExampleStreamDialerFrom() {
	streams := tunx.StreamDialerFrom(&net.Dialer{})
	_, err := streams.DialStream(context.Background(), "name.invalid:80")
	fmt.Println(err != nil)
	// Output: true
}

func ExampleNewSessions() {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go func() {
		p := make([]byte, 100)
		n, from, err := server.ReadFrom(p)
		if err == nil {
			server.WriteTo(p[:n], from)
		}
	}()

	proxy, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"))
	if err != nil {
		fmt.Println(err)
		return
	}
	answered := make(chan string)
	reply := func(p []byte, _, local netip.AddrPort) error {
		answered <- fmt.Sprintf("%s for %s", p, local)
		return nil
	}
	sessions, err := tunx.NewSessions(proxy, reply, &tunx.SessionConfig{
		MaxSessions:  4096,
		MaxPerSource: 512,
		OnClose: func(s tunx.SessionInfo, cause error) {
			fmt.Println(s.Local, "sent", s.Sent.Datagrams, "datagram:", cause)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := netip.MustParseAddrPort("10.0.0.2:5000")
	remote := server.LocalAddr().(*net.UDPAddr).AddrPort()
	if err := sessions.WriteTo([]byte("hello"), client, remote); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-answered)
	sessions.Close()
	// Output:
	// hello for 10.0.0.2:5000
	// 10.0.0.2:5000 sent 1 datagram: network device already closed
}

func ExampleNewDelegatePacketProxy() {
	direct, err := tunx.NewPacketProxyFromPacketListener(tunx.PacketListenerFrom(&net.ListenConfig{}, "udp", ":0"))
	if err != nil {
		fmt.Println(err)
		return
	}
	proxy, err := tunx.NewDelegatePacketProxy(direct)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Later: new sessions go elsewhere, those that are there stay.
	other, err := tunx.NewPacketProxyFromDialer(&net.Dialer{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(proxy.SetProxy(other))
	// Output: <nil>
}
