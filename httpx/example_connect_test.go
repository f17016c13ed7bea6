package httpx_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/strata-net/strata/httpx"
)

// A proxy for one target, and a client that reaches it through a tunnel.
func ExampleNewConnect() {
	origin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello through the tunnel")
	}))
	defer origin.Close()

	proxy, err := httpx.NewConnect(&httpx.ConnectConfig{
		Allow: func(_ *http.Request, target string) error {
			if target != origin.Listener.Addr().String() {
				return errors.New("not for you")
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	address, done := exampleServer(proxy)
	defer done()

	transport := origin.Client().Transport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: address})
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	res, err := client.Get(origin.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	fmt.Println(string(text), err)

	_, err = client.Get("https://192.0.2.1/")
	fmt.Println(err)
	// Output:
	// hello through the tunnel <nil>
	// Get "https://192.0.2.1/": Forbidden
}
