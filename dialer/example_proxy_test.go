package dialer_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/strata-net/strata/dialer"
)

// connectProxy is a small HTTP proxy.
func connectProxy(w http.ResponseWriter, r *http.Request) {
	target, err := net.Dial("tcp", r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer target.Close()
	w.WriteHeader(http.StatusOK)
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	buffered.Flush()
	var group sync.WaitGroup
	group.Go(func() {
		io.Copy(target, buffered)
		target.(*net.TCPConn).CloseWrite()
	})
	io.Copy(client, target)
	client.(*net.TCPConn).CloseWrite()
	group.Wait()
}

func ExampleParseProxy() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	go func() {
		if conn, err := server.Accept(); err == nil {
			io.WriteString(conn, "hello")
			conn.Close()
		}
	}()
	first := httptest.NewServer(http.HandlerFunc(connectProxy))
	defer first.Close()
	second := httptest.NewServer(http.HandlerFunc(connectProxy))
	defer second.Close()

	var chain []dialer.Proxy
	for _, text := range []string{first.URL, second.URL} { // also socks5h://user:password@host:port
		proxy, err := dialer.ParseProxy(text)
		if err != nil {
			fmt.Println(err)
			return
		}
		chain = append(chain, proxy)
	}
	d, err := dialer.New(&dialer.Config{Proxies: chain})
	if err != nil {
		fmt.Println(err)
		return
	}
	conn, err := d.Dial("tcp", server.Addr().String())
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
	fmt.Printf("%s through %T\n", text, conn)
	// Output: hello through *net.TCPConn
}

func ExampleWithProxyHeader() {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	d, err := dialer.New(&dialer.Config{ProxyProtocol: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := dialer.WithProxyHeader(context.Background(), dialer.ProxyHeader{
		Source:      &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50000},
		Destination: &net.TCPAddr{IP: net.IPv4(198, 51, 100, 1), Port: 443},
	})
	conn, err := d.DialContext(ctx, "tcp", server.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	conn.Close()
	accepted, err := server.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer accepted.Close()
	text, err := io.ReadAll(accepted)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", text)
	// Output: "PROXY TCP4 192.0.2.1 198.51.100.1 50000 443\r\n"
}
