// Dtls is the server of docs/guides/dtls.md: an echo over DTLS. It makes a
// certificate for localhost and writes its CA to the file that it is given.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/tlsx/pki"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[len(os.Args)-1], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string, out io.Writer) error {
	ca, err := pki.New(nil)
	if err != nil {
		return err
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"localhost"}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, ca.PEM(), 0o600); err != nil {
		return err
	}
	l, err := listen(ctx, "127.0.0.1:5684", cert.TLS())
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "listening on", l.Addr())
	defer context.AfterFunc(ctx, func() { l.Close() })()
	return serve(l)
}

func listen(ctx context.Context, address string, cert tls.Certificate) (*dtlsx.Listener, error) {
	sessions, err := dtlsx.NewSessionCache(10_000, time.Hour)
	if err != nil {
		return nil, err
	}
	l, err := dtlsx.NewListener(ctx, &dtlsx.ListenConfig{
		Address: address,
		Config: dtlsx.Config{
			TLS:          &tls.Config{Certificates: []tls.Certificate{cert}},
			Sessions:     sessions, // clients may resume
			ConnectionID: 8,        // bytes; clients may change their address
			MTU:          1200,     // of the handshake's datagrams
		},
		MaxConns:          10_000,
		MaxConnsPerSource: 100,
		MaxHandshakes:     500,
		IdleTimeout:       5 * time.Minute, // a peer that is gone does not say so
	})
	if err != nil {
		return nil, err
	}
	return l.(*dtlsx.Listener), nil
}

// serve sends each record back until the listener is closed; then it closes the
// conns too, as a peer that is gone does not say so.
func serve(l net.Listener) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	serving, end := context.WithCancel(context.Background())
	defer end()
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		conns.Go(func() {
			defer context.AfterFunc(serving, func() { c.Close() })()
			echo(c)
		})
	}
}

func echo(c net.Conn) {
	defer c.Close()
	record := make([]byte, dtlsx.MaxPayload)
	for {
		n, err := c.Read(record)
		if err != nil {
			return
		}
		if _, err := c.Write(record[:n]); err != nil {
			return
		}
	}
}
