// Fastopen measures what TCP Fast Open saves on a link with a delay.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/strata-net/strata/internal/bench"
	"github.com/strata-net/strata/internal/bench/lab"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "fastopen:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, args []string) error {
	flags := flag.NewFlagSet("fastopen", flag.ContinueOnError)
	flags.SetOutput(out)
	rounds := flags.Int("rounds", 51, "`number` of times that each way has its turn")
	trip := flags.Duration("trip", 20*time.Millisecond, "`time` of a round trip")
	clients := flags.Int("clients", 50, "`number` of dials at the same time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *trip < time.Millisecond || *clients < 1 {
		return fmt.Errorf("-rounds=%d -trip=%v -clients=%d: want 1, 1ms, 1 or more", *rounds, *trip, *clients)
	}
	p, err := lab.NewDelayed(*trip / 2)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := allow(p); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s. %d rounds, a round trip of %v.\n", bench.Machine(), *rounds, *trip)
	if err := compare(out, p, *rounds); err != nil {
		return err
	}
	return fill(out, p, *clients)
}

// allow turns Fast Open on for clients and servers.
func allow(p *lab.Pair) error {
	for _, n := range []*lab.Namespace{p.A, p.B} {
		err := n.Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/tcp_fastopen", []byte("3"), 0) })
		if err != nil {
			return err
		}
	}
	return nil
}
