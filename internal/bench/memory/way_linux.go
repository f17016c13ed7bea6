package main

import (
	"context"
	"fmt"
	"net"

	"github.com/strata-net/strata/internal/bench"
	"github.com/strata-net/strata/listener"
)

// A way listens. The first one is what the others are compared with.
type way struct {
	name   string
	listen func() (net.Listener, error)
}

const address = "127.0.0.1:0"

func ways() []way {
	return []way{
		{"net.Listener", func() (net.Listener, error) {
			return (&net.ListenConfig{}).Listen(context.Background(), "tcp4", address)
		}},
		{"listener.New", func() (net.Listener, error) { return listen(&listener.Config{}) }},
		{"listener.New with limit, rules and counters", func() (net.Listener, error) { return listen(bench.Limited()) }},
		{"the same with IdleTimeout", func() (net.Listener, error) { return listen(bench.Watched()) }},
	}
}

func listen(c *listener.Config) (net.Listener, error) {
	c.Address = "tcp4://" + address
	return listener.New(context.Background(), c)
}

func wayNamed(name string) (way, error) {
	for _, w := range ways() {
		if w.name == name {
			return w, nil
		}
	}
	return way{}, fmt.Errorf("no way %q", name)
}
