package doh_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"

	"github.com/strata-net/strata/tunx/dnsintercept/doh"
)

// The server is that of the URL, whichever one the client has asked.
func ExampleResolver() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		query[2] |= 0x80 // an answer, without addresses
		w.Header().Set("Content-Type", "application/dns-message")
		w.Write(query)
	}))
	defer server.Close()

	resolve, err := doh.Resolver(server.Client().Transport, server.URL+"/dns-query")
	if err != nil {
		fmt.Println(err)
		return
	}
	query := []byte("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01")
	answer, err := resolve(context.Background(), query, netip.MustParseAddrPort("192.0.2.53:53"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("% x\n", answer[2:4])
	// Output: 81 00
}
