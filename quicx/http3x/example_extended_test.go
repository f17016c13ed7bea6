package http3x_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// A server that takes over the streams of one protocol, and sends back what it reads.
func ExampleAcceptExtended() {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if http3x.ExtendedProtocol(r) != "echo" {
			http.Error(w, "echo only", http.StatusNotImplemented)
			return
		}
		stream, err := http3x.AcceptExtended(w, r)
		if err != nil {
			return
		}
		defer stream.Close()
		lines := bufio.NewScanner(stream)
		for lines.Scan() {
			fmt.Fprintln(stream, lines.Text(), "to you")
		}
	})
	server, udp, err := serveExample(handler)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer udp.Close()
	defer server.Close()

	dial := &http3x.Config{}
	dial.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	transport, err := http3x.NewTransport(dial)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.Close()
	dialer, err := http3x.NewExtendedDialer(transport, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	for _, protocol := range []string{"echo", "websocket"} {
		r, err := http3x.NewExtendedRequest(context.Background(), protocol, "https://"+udp.LocalAddr().String())
		if err != nil {
			fmt.Println(err)
			return
		}
		stream, response, err := dialer.Dial(r)
		if err != nil {
			fmt.Println(protocol, "is refused:", response.Status)
			continue
		}
		fmt.Fprintln(stream, "hello")
		line, err := bufio.NewReader(stream).ReadString('\n')
		fmt.Printf("%s: %q %v\n", protocol, line, err)
		stream.Close()
	}
	// Output:
	// echo: "hello to you\n" <nil>
	// websocket is refused: 501 Not Implemented
}

// A stream is a net.Conn that anything can run over: here it is one line, by WebSocket's way to a stream.
func ExampleNewExtendedDialer() {
	server, udp, err := serveExample(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, err := http3x.AcceptExtended(w, r)
		if err != nil {
			return
		}
		defer stream.Close()
		fmt.Fprintln(stream, http3x.ExtendedProtocol(r), "version", r.Header.Get("Sec-WebSocket-Version"))
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer udp.Close()
	defer server.Close()

	dial := &http3x.Config{}
	dial.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	transport, err := http3x.NewTransport(dial)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.Close()
	dialer, err := http3x.NewExtendedDialer(transport, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	r, err := http3x.NewExtendedRequest(context.Background(), http3x.WebSocket, "wss://"+udp.LocalAddr().String()+"/chat")
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, response, err := dialer.Dial(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	line, err := bufio.NewReader(stream).ReadString('\n')
	fmt.Printf("%d %q %v\n", response.StatusCode, line, err)
	// Output: 200 "websocket version 13\n" <nil>
}

// serveExample serves a handler on loopback.
func serveExample(h http.Handler) (*http3x.Server, net.PacketConn, error) {
	leaf, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	if err != nil {
		return nil, nil, err
	}
	config := &http3x.ServerConfig{Handler: h}
	config.Listen.TLS = &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	server, err := http3x.NewServer(config)
	if err != nil {
		return nil, nil, err
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err == nil {
		go server.Serve(udp)
	}
	return server, udp, err
}
