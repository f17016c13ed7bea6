package acme_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"github.com/strata-net/strata/tlsx/acme"
)

func ExampleManager() { //nolint:testableexamples // needs port 443 and a host of yours
	m, err := acme.New(&acme.Config{
		Hosts:      []string{"example.com", "www.example.com"},
		Cache:      "/var/lib/example/acme",
		Email:      "ops@example.com",
		AgreeTerms: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := tls.Listen("tcp", ":443", m.TLSConfig(nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()

	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: 10 * time.Second}
	fmt.Println(server.Serve(listener))
	cancel()
	<-ended
}
