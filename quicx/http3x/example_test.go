package http3x_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// A server and a client of HTTP/3.
func Example() {
	roots, err := pki.New(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	leaf, err := roots.Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1"}, Server: true})
	if err != nil {
		fmt.Println(err)
		return
	}

	config := &http3x.ServerConfig{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello by ", r.Proto) }),
	}
	config.Listen.TLS = &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}
	config.Listen.MaxConnsPerSource = 100
	server, err := http3x.NewServer(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer udp.Close()
	served := make(chan error, 1)
	go func() { served <- server.Serve(udp) }()

	dial := &http3x.Config{}
	dial.Dial.TLS = &tls.Config{RootCAs: roots.Pool()}
	transport, err := http3x.NewTransport(dial)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.Close()
	client := &http.Client{Transport: transport}
	res, err := client.Get("https://" + udp.LocalAddr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Println(res.StatusCode, string(body), err)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(server.Shutdown(ctx))
	fmt.Println(<-served)
	// Output:
	// 200 hello by HTTP/3.0 <nil>
	// <nil>
	// http: Server closed
}
