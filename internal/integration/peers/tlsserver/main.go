// Command tlsserver is a TLS server in a process of its own, for tests that need
// two. It prints its address, tells each client what was agreed on, and ends
// with its standard input.
//
//	tlsserver CHAIN KEY TICKETS
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/strata-net/strata/tlsx"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tlsserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("%d arguments, want CHAIN KEY TICKETS", len(args))
	}
	config, err := tlsx.New(&tlsx.Config{
		Certificates: []tlsx.Certificate{{Chain: tlsx.File(args[0]), Key: tlsx.File(args[1])}},
		Tickets:      tlsx.Tickets{Keys: []tlsx.Data{tlsx.File(args[2])}},
	})
	if err != nil {
		return err
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return err
	}
	go serve(l)
	fmt.Fprintln(os.Stdout, l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go greet(c.(*tls.Conn))
	}
}

func greet(c *tls.Conn) {
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if c.HandshakeContext(ctx) == nil {
		fmt.Fprintf(c, "agreed: %s\n", tlsx.Describe(c.ConnectionState()))
	}
}
