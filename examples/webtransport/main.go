// Command webtransport is an echo over WebTransport: a server and a client in
// one process, with certificates of the test PKI. It sends a line on a stream
// and one in a datagram, and prints what comes back.
//
//	GOWORK=off go run -C examples/webtransport .
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/strata-net/strata/tlsx/pki"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "webtransport:", err)
		os.Exit(1) //nolint:gocritic // the process ends, and its context with it
	}
}

// run serves, and is its own client.
func run(ctx context.Context, out io.Writer) (err error) {
	ca, err := pki.New(nil)
	if err != nil {
		return err
	}
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	if err != nil {
		return err
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer conn.Close()
	server := newServer(&tls.Config{Certificates: []tls.Certificate{leaf.TLS()}})
	served := make(chan error, 1)
	go func() { served <- server.Serve(conn) }()
	defer func() { err = errors.Join(err, server.Close(), closed(<-served)) }()

	client, err := dial(ctx, "https://"+conn.LocalAddr().String()+"/echo", &tls.Config{RootCAs: ca.Pool()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	line, err := client.stream(ctx, "hello on a stream")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, line)
	line, err = client.datagram(ctx, "hello in a datagram")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, line)
	return nil
}
