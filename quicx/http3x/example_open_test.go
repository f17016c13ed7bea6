package http3x_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/strata-net/strata/quicx/http3x"
)

// greeter says the protocol of each stream that it takes over.
func greeter(w http.ResponseWriter, r *http.Request) {
	stream, err := http3x.AcceptExtended(w, r)
	if err != nil {
		return
	}
	defer stream.Close()
	fmt.Fprintln(stream, "this is", http3x.ExtendedProtocol(r))
}

// A stream over a conn that the caller has dialled, and may use for more.
func ExampleOpenExtended() {
	server, udp, err := serveExample(http.HandlerFunc(greeter))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer udp.Close()
	defer server.Close()

	ctx := context.Background()
	address := udp.LocalAddr().String()
	config := http3.ConfigureTLSConfig(&tls.Config{RootCAs: authority().Pool()})
	conn, err := quic.DialAddr(ctx, address, config, &quic.Config{EnableDatagrams: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := new(http3.Transport).NewClientConn(conn)
	defer client.CloseWithError(0, "")
	r, err := http3x.NewExtendedRequest(ctx, "greeting", "https://"+address)
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, _, err := http3x.OpenExtended(client, r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	line, err := bufio.NewReader(stream).ReadString('\n')
	fmt.Printf("%q %v\n", line, err)
	// Output: "this is greeting\n" <nil>
}

// What httpx.ReverseProxyConfig wants, so that WebSockets go to an upstream over HTTP/3.
func ExampleNewExtendedTransport() {
	server, udp, err := serveExample(http.HandlerFunc(greeter))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer udp.Close()
	defer server.Close()

	dial := &http3x.Config{EnableDatagrams: true}
	dial.Dial.TLS = &tls.Config{RootCAs: authority().Pool()}
	transport, err := http3x.NewTransport(dial)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer transport.Close()
	r, err := http.NewRequest(http.MethodConnect, "https://"+udp.LocalAddr().String(), http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Header[":protocol"] = []string{"websocket"} // as golang.org/x/net/http2 has it
	response, err := http3x.NewExtendedTransport(transport).RoundTrip(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer response.Body.Close()
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	fmt.Printf("%d %q %v\n", response.StatusCode, line, err)
	// Output: 200 "this is websocket\n" <nil>
}
