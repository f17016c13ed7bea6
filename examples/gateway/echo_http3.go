package main

import (
	"context"
	"net/http"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx"
)

// newHTTP3Echo starts an echo of requests over HTTP/3, with a certificate of the
// gateway's own CA.
func newHTTP3Echo(ctx context.Context, by *signer) (*echo, error) {
	cert, err := by.issue([]string{"127.0.0.1"})
	if err != nil {
		return nil, err
	}
	secure, err := tlsx.New(&tlsx.Config{Certificates: []tlsx.Certificate{{Value: cert}}})
	if err != nil {
		return nil, err
	}
	srv, err := http3x.NewServer(&http3x.ServerConfig{
		Handler: http.HandlerFunc(echoRequest),
		Listen:  quicx.ListenConfig{TLS: secure},
	})
	if err != nil {
		return nil, err
	}
	pc, err := listener.NewPacketConn(ctx, &listener.PacketConfig{Address: "udp://127.0.0.1:0"})
	if err != nil {
		return nil, err
	}
	e := &echo{address: pc.LocalAddr()}
	e.stop = func() {
		srv.Close()
		pc.Close()
	}
	e.serving.Go(func() { _ = srv.Serve(pc) }) // ends with close only
	return e, nil
}
