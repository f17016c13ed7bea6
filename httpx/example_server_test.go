package httpx_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/strata-net/strata/httpx"
)

// A server that ends with a context, and answers what is in flight.
func ExampleServer_Run() {
	server, err := httpx.NewServer(&httpx.ServerConfig{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello by", r.Proto) }),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext in a program
	go func() {
		fmt.Print(fetch("http://" + l.Addr().String()))
		stop()
	}()
	fmt.Println(server.Run(ctx, []net.Listener{l}))
	// Output:
	// hello by HTTP/1.1
	// <nil>
}

// A proxy tells the upstream who asks.
func ExampleNewReverseProxy() {
	upstream := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.Header.Get("Forwarded")) })
	target, done := exampleServer(upstream)
	defer done()
	proxy, err := httpx.NewReverseProxy(&httpx.ReverseProxyConfig{
		Target:      &url.URL{Scheme: "http", Host: target},
		RewriteHost: true,
		Forwarding:  httpx.Forwarding{Mode: httpx.ForwardStandard},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer proxy.Close()
	front, done := exampleServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "example.com" // the example's port is a different one each time
		proxy.ServeHTTP(w, r)
	}))
	defer done()
	fmt.Print(fetch("http://" + front))
	// Output: for=127.0.0.1;host=example.com;proto=http
}

func ExampleParseForwarded() {
	elements, err := httpx.ParseForwarded([]string{`for="[2001:db8::1]";proto=https, for=10.0.0.1`})
	fmt.Println(elements[0].For, elements[1].For, err)
	// Output: [2001:db8::1] 10.0.0.1 <nil>
}

// exampleServer serves on loopback.
func exampleServer(h http.Handler) (address string, done func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s, err := httpx.NewServer(&httpx.ServerConfig{Handler: h})
	if err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	return l.Addr().String(), func() {
		s.Close()
		<-ended
	}
}

// fetch returns what is there, or the error.
func fetch(url string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}
