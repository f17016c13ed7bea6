package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// newClient begins with HTTP/2 and goes on with HTTP/3 where a server offers it.
func newClient(config *tls.Config) (client *http.Client, closeAll func(), err error) {
	h2, err := httpx.NewTransport(&httpx.TransportConfig{TLS: config})
	if err != nil {
		return nil, nil, err
	}
	h3, err := http3x.NewTransport(&http3x.Config{Dial: quicx.DialConfig{TLS: config}})
	if err != nil {
		return nil, nil, err
	}
	both, err := httpx.NewAltSvc(h2, &httpx.AltSvcConfig{HTTP3: h3, HeadStart: 10 * time.Second})
	if err != nil {
		return nil, nil, err
	}
	return &http.Client{Transport: both, Timeout: time.Minute}, func() { h2.CloseIdleConnections(); h3.Close() }, nil
}

func Example() {
	address, roots, stop := exampleServer()
	defer stop()
	client, closeAll, err := newClient(roots)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer closeAll()
	for range 2 {
		response, err := client.Get("https://" + address)
		if err != nil {
			fmt.Println(err)
			return
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Print(string(text))
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// hello by HTTP/2.0
	// hello by HTTP/3.0
}

// exampleServer serves until stop is called.
func exampleServer() (address string, roots *tls.Config, stop func()) {
	ca, config, err := certificate()
	check(err)
	server, err := newServer(config, http.HandlerFunc(greet))
	check(err)
	tcp, udp, err := listenBoth()
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, []net.Listener{tcp}, udp) }()
	return tcp.Addr().String(), &tls.Config{RootCAs: ca.Pool()}, func() {
		cancel()
		check(<-ended)
	}
}

// listenBoth tries again where somebody has the free port of TCP for UDP.
func listenBoth() (tcp net.Listener, udp net.PacketConn, err error) {
	for range 20 {
		if tcp, udp, err = listen(context.Background(), "127.0.0.1:0"); err == nil {
			return tcp, udp, nil
		}
	}
	return nil, nil, err
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
