// Quickstart listens and dials on loopback with socket options, and asks the
// kernel what became of them. It is the program in the repository's README.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) error {
	l, err := listener.New(ctx, &listener.Config{
		Address: "tcp://127.0.0.1:0",
		Options: sockopt.Options{sockopt.TCPNoDelay.Value(false)}, // typed ...
	})
	if err != nil {
		return err
	}
	defer l.Close()

	options, err := sockopt.ParseList("SO_RCVBUF=65536, TCP_KEEPIDLE=30s") // ... or as text
	if err != nil {
		return err
	}
	d, err := dialer.New(&dialer.Config{Timeout: 5 * time.Second, Options: options})
	if err != nil {
		return err
	}
	conn, err := d.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()

	for _, r := range options.Report(conn.(syscall.Conn)) {
		fmt.Fprintf(w, "asked for %s, the kernel says %s\n", r.Option, r.Got)
	}
	return options.Verify(conn.(syscall.Conn)) // knows that Linux doubles SO_RCVBUF
}
