// Command prometheus serves HTTP, QUIC, DTLS and a userspace TCP/IP stack, and the
// metrics of all of them at /metrics. Nothing of Strata knows of Prometheus: what is
// counted is what Stats and the hooks of the modules tell.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
)

func main() {
	address := flag.String("listen", "127.0.0.1:9464", "address of the metrics and of HTTP")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *address)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// run serves until the context ends.
func run(ctx context.Context, address string) error {
	a, err := start(ctx, address)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/metrics\n", a.web.Addr())
	<-ctx.Done()
	return a.close()
}
