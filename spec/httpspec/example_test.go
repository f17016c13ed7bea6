package httpspec_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/spec/httpspec"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

func Example() {
	server, err := httpspec.NewServerFromSpec(&specv1.HTTPServerConfig{
		Listeners: []*specv1.ListenConfig{{Address: new("127.0.0.1:0")}},
		Protocols: []specv1.HTTPProtocol_Version{specv1.HTTPProtocol_h2c},
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello by", r.Proto) }))
	if err != nil {
		fmt.Println(err)
		return
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve() }()

	transport, err := httpspec.HTTP2Transport(&specv1.HTTP2TransportConfig{AllowHttp: new(true)})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: transport}
	res, err := client.Get("http://" + server.Listeners()[0].Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	fmt.Print(string(body))
	fmt.Println(err, server.Close(), <-done)
	// Output:
	// hello by HTTP/2.0
	// <nil> <nil> http: Server closed
}

func ExampleRetryConfig() {
	cfg, err := httpspec.RetryConfig(context.Background(), &specv1.HTTPRetryConfig{Attempts: new(int64(5))})
	if err != nil {
		fmt.Println(err)
		return
	}
	retry, err := httpx.NewRetry(http.DefaultTransport, cfg)
	fmt.Println(cfg.Attempts, retry != nil, err)
	// Output: 5 true <nil>
}

func ExampleHTTPTransport() {
	_, err := httpspec.HTTPTransport(&specv1.HTTPTransportConfig{
		MaxConnsPerHost: new(int64(-1)),
		Dial:            &specv1.DialConfig{Tls: &specv1.TLSConfig{}},
	})
	fmt.Println(err)
	// Output:
	// dial.tls: the scheme of the URL decides on TLS: its config is in the field tls beside dial
	// max_conns_per_host: -1: must be from 0 to 2147483647
}
