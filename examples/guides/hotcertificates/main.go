// Hotcertificates is the server of docs/guides/hot-certificates.md: HTTPS whose
// certificate, client CAs and ticket keys follow their files.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/tlsx"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv("DIR"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func config(dir string, out io.Writer) *tlsx.Config {
	file := func(name string) tlsx.Data { return tlsx.File(filepath.Join(dir, name)) }
	return &tlsx.Config{
		Certificates: []tlsx.Certificate{{Chain: file("localhost.pem")}}, // its key is in the same file
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    tlsx.CAs{From: []tlsx.Data{file("ca.pem")}},
		Tickets:      tlsx.Tickets{Keys: []tlsx.Data{file("tickets.key")}},
		Reload: tlsx.Reload{OnReload: func(e tlsx.Event) {
			if e.Err != nil {
				fmt.Fprintln(out, "refused:", e.Err)
				return
			}
			fmt.Fprintf(out, "taken: %v, serial number %d\n", e.Fields, e.Leaves[0].SerialNumber)
		}},
	}
}

func run(ctx context.Context, dir string, out io.Writer) error {
	source, err := tlsx.NewSource(ctx, config(dir, out))
	if err != nil {
		return err
	}
	defer source.Close()
	server, err := httpx.NewServer(&httpx.ServerConfig{Handler: http.HandlerFunc(greet), TLS: source.Config()})
	if err != nil {
		return err
	}
	l, err := listener.New(ctx, &listener.Config{Address: "tcp://127.0.0.1:8443"})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "serving on", l.Addr())
	return server.Run(ctx, []net.Listener{l})
}

func greet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	name := "stranger"
	if len(r.TLS.PeerCertificates) > 0 { // verified: nobody else gets here with one
		name = r.TLS.PeerCertificates[0].DNSNames[0]
	}
	fmt.Fprintln(w, "hello", name) //nolint:gosec // sent as plain text, and its CA has checked the name
}
