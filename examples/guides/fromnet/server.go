package fromnet

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/tlsx"
)

// before is how it was: a certificate that is read once, a server whose limits are the
// author's, and a listener without any.
func before(address, chain, key string, h http.Handler) (*http.Server, net.Listener, error) {
	cert, err := tls.LoadX509KeyPair(chain, key)
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", address) //nolint:noctx // as programs have it
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{
		Handler:           h,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
	}
	return server, l, nil // server.ServeTLS(l, "", "")
}

// after is the same with a certificate that is followed, bounds, and options.
func after(ctx context.Context, address, chain, key string, h http.Handler) (*httpx.Server, net.Listener, error) {
	source, err := tlsx.NewSource(ctx, &tlsx.Config{
		Certificates: []tlsx.Certificate{{Chain: tlsx.File(chain), Key: tlsx.File(key)}},
		ALPN:         []string{"h2", "http/1.1"},
	})
	if err != nil {
		return nil, nil, err
	}
	l, err := listener.New(ctx, &listener.Config{
		Address:  "tcp://" + address,
		TLS:      source.Config(),
		MaxConns: 10_000,
		Options:  sockopt.Options{sockopt.Prefer(sockopt.TCPUserTimeout.Value(30 * time.Second))},
	})
	if err != nil {
		return nil, nil, err
	}
	server, err := httpx.NewServer(&httpx.ServerConfig{Handler: h})
	if err != nil {
		return nil, nil, err
	}
	return server, l, nil // server.Serve(l)
}
