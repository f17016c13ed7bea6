package httpx_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/strata-net/strata/httpx"
)

func ExampleNewTransport() {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	transport, err := httpx.NewTransport(&httpx.TransportConfig{
		Dialer:                &net.Dialer{KeepAlive: 30 * time.Second},
		TLS:                   &tls.Config{RootCAs: roots},
		ResponseHeaderTimeout: 10 * time.Second,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	res, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.Proto)
	// Output: HTTP/2.0
}

func ExampleNewHTTP2Transport() {
	_, err := httpx.NewHTTP2Transport(&httpx.HTTP2Config{MaxReadFrameSize: 1000})
	fmt.Println(err)
	// Output: httpx: config: MaxReadFrameSize=1000: must be from 16384 to 16777215
}
