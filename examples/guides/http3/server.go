package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
)

// newServer serves one handler by all versions of HTTP.
func newServer(config *tls.Config, handler http.Handler) (*httpx.Server, error) {
	h3, err := http3x.NewServer(&http3x.ServerConfig{
		Listen:       quicx.ListenConfig{TLS: config, MaxConns: 10_000, MaxConnsPerSource: 100, MaxHandshakes: 500},
		StallTimeout: -1, StreamTimeout: -1, // httpx has these two for all versions
	})
	if err != nil {
		return nil, err
	}
	return httpx.NewServer(&httpx.ServerConfig{
		Handler: handler,
		TLS:     config,
		HTTP3:   func(h http.Handler) httpx.HTTP3Server { h3.SetHandler(h); return h3 },
	})
}

// listen opens one port for both protocols.
func listen(ctx context.Context, address string) (net.Listener, net.PacketConn, error) {
	tcp, err := listener.New(ctx, &listener.Config{Address: "tcp://" + address, MaxConns: 10_000, MaxConnsPerSource: 100})
	if err != nil {
		return nil, nil, err
	}
	udp, err := listener.NewPacketConn(ctx, &listener.PacketConfig{Address: "udp://" + tcp.Addr().String()})
	if err != nil {
		tcp.Close()
		return nil, nil, err
	}
	return tcp, udp, nil
}

func run(ctx context.Context, config *tls.Config, address string, out io.Writer) error {
	server, err := newServer(config, http.HandlerFunc(greet))
	if err != nil {
		return err
	}
	tcp, udp, err := listen(ctx, address)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "serving on", tcp.Addr())
	return server.Run(ctx, []net.Listener{tcp}, udp) // until ctx ends and all requests are answered
}

func greet(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "hello by", r.Proto) //nolint:gosec // the server's own words
}
