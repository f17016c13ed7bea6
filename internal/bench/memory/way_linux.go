package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/strata-net/strata/internal/bench"
	"github.com/strata-net/strata/listener"
)

// A way listens. The first one is what the others are compared with.
type way struct {
	name   string
	listen func() (server, error)
	serve  func(l net.Listener) // of HTTP over TCP
}

// A server is what listens: a net.Listener, or what there is instead of one.
type server interface {
	Addr() net.Addr
	Close() error
}

const address = "127.0.0.1:0"

func listeners() []way {
	return []way{
		{name: "net.Listener", listen: bare},
		{name: "listener.New", listen: func() (server, error) { return listen(&listener.Config{}) }},
		{name: "listener.New with limit, rules and counters", listen: func() (server, error) { return listen(bench.Limited()) }},
		{name: "the same with IdleTimeout", listen: func() (server, error) { return listen(bench.Watched()) }},
	}
}

func bare() (server, error) {
	return (&net.ListenConfig{}).Listen(context.Background(), "tcp4", address)
}

func listen(c *listener.Config) (server, error) {
	c.Address = "tcp4://" + address
	return listener.New(context.Background(), c)
}

func (m mode) way(name string) (way, error) {
	for _, w := range m.ways {
		if w.name == name {
			return w, nil
		}
	}
	return way{}, fmt.Errorf("no way %q", name)
}

func prefixes(list ...string) (all []netip.Prefix) {
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}
