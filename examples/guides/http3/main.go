// Http3 is the server of docs/guides/http3-beside-http2.md: all versions of HTTP
// on one port. It makes a certificate for localhost and writes its CA to the file
// that it is given.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/strata-net/strata/tlsx/pki"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, os.Args[len(os.Args)-1])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, file string) error {
	ca, config, err := certificate()
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, ca.PEM(), 0o600); err != nil {
		return err
	}
	return run(ctx, config, "127.0.0.1:8443", os.Stdout)
}

func certificate() (*pki.CA, *tls.Config, error) {
	ca, err := pki.New(nil)
	if err != nil {
		return nil, nil, err
	}
	cert, err := ca.Issue(&pki.Leaf{Names: []string{"localhost", "127.0.0.1"}})
	if err != nil {
		return nil, nil, err
	}
	return ca, &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}, nil
}
