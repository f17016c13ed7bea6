package quicx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
)

// exampleConfigs returns the configs of a server and of a client of it.
func exampleConfigs() (*quicx.ListenConfig, *quicx.DialConfig, error) {
	cert, err := authority().Issue(&pki.Leaf{Names: []string{"127.0.0.1"}})
	if err != nil {
		return nil, nil, err
	}
	server := &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, NextProtos: []string{"example"}}
	client := &tls.Config{RootCAs: authority().Pool(), NextProtos: []string{"example"}}
	return &quicx.ListenConfig{Address: "127.0.0.1:0", TLS: server}, &quicx.DialConfig{TLS: client}, nil
}

// HTTP/1.1 over QUIC streams: whatever takes a net.Listener and a DialContext
// runs in the same way.
func ExampleNewStreamDialer() {
	serverConfig, clientConfig, err := exampleConfigs()
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := quicx.NewListener(context.Background(), serverConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := quicx.NewStreamListener(l, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "hello over a stream")
		}),
	}
	defer server.Close()
	go server.Serve(listener)

	client, err := quicx.NewDialer(clientConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	dialer, err := quicx.NewStreamDialer(client, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	web := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	resp, err := web.Get("http://" + listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Println(string(text), err)
	// Output: hello over a stream <nil>
}

// A protocol in which the server speaks first needs Announce on both sides.
func ExampleNewStreamListener() {
	serverConfig, clientConfig, err := exampleConfigs()
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := quicx.NewListener(context.Background(), serverConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	config := &quicx.StreamConfig{Announce: true}
	listener, err := quicx.NewStreamListener(l, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		io.WriteString(conn, "220 ready")
		conn.Close()
	}()

	client, err := quicx.NewDialer(clientConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	dialer, err := quicx.NewStreamDialer(client, config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer dialer.Close()
	conn, err := dialer.Dial("udp", listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	text, err := io.ReadAll(conn)
	fmt.Println(string(text), err)
	// Output: 220 ready <nil>
}

func ExampleNewDatagramConn() {
	serverConfig, clientConfig, err := exampleConfigs()
	if err != nil {
		fmt.Println(err)
		return
	}
	serverConfig.QUIC = &quic.Config{EnableDatagrams: true}
	clientConfig.QUIC = &quic.Config{EnableDatagrams: true}
	ctx := context.Background()
	l, err := quicx.NewListener(ctx, serverConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	client, err := quicx.NewDialer(clientConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	conn, err := client.DialContext(ctx, "udp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	peer, err := l.Accept(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}

	var ends [2]net.PacketConn
	for i, c := range []*quic.Conn{conn, peer} {
		if ends[i], err = quicx.NewDatagramConn(c); err != nil {
			fmt.Println(err)
			return
		}
		defer ends[i].Close()
	}
	if _, err := ends[0].WriteTo([]byte("no order, no repeats"), nil); err != nil {
		fmt.Println(err)
		return
	}
	b := make([]byte, 1500)
	n, _, err := ends[1].ReadFrom(b)
	fmt.Println(string(b[:n]), err)
	// Output: no order, no repeats <nil>
}
