// Productionlistener is the server of docs/guides/production-listener.md: a web
// server behind a listener that bounds what clients can take.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func config(out io.Writer) *listener.Config {
	balancer := netip.MustParsePrefix("127.0.0.2/32")
	return &listener.Config{
		Address: "tcp://127.0.0.1:8080",
		Shards:  2, // sockets that share the port, for machines with many CPUs
		Options: sockopt.Options{sockopt.TCPDeferAccept.Value(3 * time.Second)},

		// Who may come, how many, how fast.
		Deny:              []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")},
		MaxConns:          10_000,
		MaxConnsPerSource: 100,
		AcceptRate:        2_000,

		// How long.
		IdleTimeout:    2 * time.Minute,
		MaxAge:         24 * time.Hour,
		MinReceiveRate: 100, // bytes a second, of a client that has begun to send

		// The balancer says in a header for whom it comes.
		ProxyProtocol: &listener.ProxyProtocol{Trusted: []netip.Prefix{balancer}, Untrusted: listener.DirectUntrusted},

		OnEvent: func(e listener.Event) {
			if e.Kind != listener.Accepted && e.Kind != listener.Closed {
				fmt.Fprintln(out, e.Kind, e.Remote)
			}
		},
	}
}

func run(ctx context.Context, out io.Writer) error {
	l, err := listener.New(ctx, config(out))
	if err != nil {
		return err
	}
	server, err := httpx.NewServer(&httpx.ServerConfig{Handler: handler(out), DrainTimeout: 30 * time.Second})
	if err != nil {
		l.Close()
		return err
	}
	fmt.Fprintln(out, "serving on", l.Addr())
	err = server.Run(ctx, []net.Listener{l}) // returns when what is in flight has ended
	stats := l.(listener.Listener).Stats()
	fmt.Fprintf(out, "accepted %d on %d sockets, refused %d by rule and %d by source\n",
		stats.Accepted, stats.Sockets, stats.RefusedByRule, stats.RefusedBySource)
	return err
}

func handler(out io.Writer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			fmt.Fprintln(out, "a slow request has begun")
			time.Sleep(3 * time.Second)
		}
		fmt.Fprintln(w, "hello", r.RemoteAddr) //nolint:gosec // an address
	}
}
