package connectudp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/quicx/http3x/connectudp"
	"github.com/strata-net/strata/tlsx/pki"
)

// A proxy for one target, and a client that sends a datagram through it.
func ExampleNewHandler() {
	target, _ := net.ListenPacket("udp", "127.0.0.1:0")
	defer target.Close()

	handler, err := connectudp.NewHandler(&connectudp.HandlerConfig{
		Allow: func(_ *http.Request, address string) error {
			if address != target.LocalAddr().String() {
				return fmt.Errorf("%s is not for you", address)
			}
			return nil
		},
		AllowAddr: func(*http.Request, netip.AddrPort) error { return nil }, // a private address, for once
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer handler.Close()
	leaf, _ := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	config := &http3x.ServerConfig{Handler: handler, EnableDatagrams: true}
	config.Listen.TLS = &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	server, err := http3x.NewServer(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	socket, _ := net.ListenPacket("udp", "127.0.0.1:0")
	go server.Serve(socket)

	client := &http3x.Config{EnableDatagrams: true}
	client.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	transport, err := http3x.NewTransport(client)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.Close()
	dialer, err := connectudp.NewDialer(&connectudp.DialConfig{Proxy: "https://" + socket.LocalAddr().String(), Transport: transport})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	conn, err := dialer.DialContext(context.Background(), "udp", target.LocalAddr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, "hello")
	b := make([]byte, 100)
	n, _, err := target.ReadFrom(b)
	fmt.Println(string(b[:n]), err)
	// Output: hello <nil>
}

// A client of a proxy that wants to know who it is.
func ExampleNewDialer() {
	proxy, stop, err := serveExample()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	target, _ := net.ListenPacket("udp", "127.0.0.1:0")
	defer target.Close()
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := target.ReadFrom(b)
			if err != nil {
				return
			}
			target.WriteTo(append(b[:n], " back"...), from)
		}
	}()

	client := &http3x.Config{EnableDatagrams: true}
	client.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	transport, err := http3x.NewTransport(client)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.Close()
	dialer, err := connectudp.NewDialer(&connectudp.DialConfig{
		Proxy:     "https://" + proxy + "/udp{?target_host,target_port}",
		Transport: transport,
		Header:    http.Header{"Proxy-Authorization": {"Bearer secret"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	conn, err := dialer.Dial("udp", target.LocalAddr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second)) // datagrams may get lost
	fmt.Fprint(conn, "there and")
	b := make([]byte, 100)
	n, err := conn.Read(b)
	fmt.Println(string(b[:n]), err)
	// Output: there and back <nil>
}

// serveExample runs a proxy for those who know the secret, and returns its address.
func serveExample() (address string, stop func(), err error) {
	handler, err := connectudp.NewHandler(&connectudp.HandlerConfig{
		Template: "/udp{?target_host,target_port}",
		Allow: func(r *http.Request, _ string) error {
			if r.Header.Get("Proxy-Authorization") != "Bearer secret" {
				return errors.New("who are you?")
			}
			return nil
		},
		AllowAddr: func(*http.Request, netip.AddrPort) error { return nil }, // private addresses, for once
	})
	if err != nil {
		return "", nil, err
	}
	leaf, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	if err != nil {
		return "", nil, err
	}
	config := &http3x.ServerConfig{Handler: handler, EnableDatagrams: true}
	config.Listen.TLS = &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	server, err := http3x.NewServer(config)
	if err != nil {
		return "", nil, err
	}
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go server.Serve(socket)
	return socket.LocalAddr().String(), func() {
		handler.Close()
		server.Close()
		socket.Close()
	}, nil
}
