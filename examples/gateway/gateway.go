package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
)

// A Gateway runs the listeners of a configuration. It is safe for concurrent
// use.
type Gateway struct {
	cfg      *Config
	log      *slog.Logger
	observe  observer
	ca       *CA // nil: nothing is self-signed
	echoes   []*echo
	backends map[*Upstream]*backend
	doors    []*door
	failed   chan error
	serving  sync.WaitGroup
}

// A service speaks one protocol on a listener.
type service interface {
	// serve accepts until shutdown, and returns nil then.
	serve() error
	// shutdown closes the listener, waits for what is in progress
	// until ctx is done, and cuts the rest. It reports whether nothing was cut.
	shutdown(ctx context.Context) bool
}

// A door is a listener of the configuration while it is open.
type door struct {
	cfg     *Listener
	net     draining
	addrs   []net.Addr
	stats   func() any
	service service
	log     *slog.Logger
}

// Start opens every listener of cfg. If that fails, nothing stays open and the
// error says what is wrong with each. observe may be nil.
func Start(ctx context.Context, cfg *Config, log *slog.Logger, observe observer) (*Gateway, error) {
	g := &Gateway{
		cfg: cfg, log: log, observe: observe,
		backends: map[*Upstream]*backend{},
		failed:   make(chan error, len(cfg.Listeners)),
	}
	err := errors.Join(g.makeCA(), g.openUpstreams(ctx))
	if err == nil {
		err = g.openListeners(ctx)
	}
	if err != nil {
		g.close()
		return nil, err
	}
	for _, d := range g.doors {
		log.Info("listening", "listener", d.cfg.Name, "protocol", d.cfg.Protocol,
			"tls", d.cfg.TLS != nil, "address", d.net.Addr(), "addresses", len(d.addrs))
		g.serving.Go(func() { g.serve(d) })
	}
	return g, nil
}

// makeCA makes a CA when a listener needs one.
func (g *Gateway) makeCA() (err error) {
	for _, n := range g.cfg.Listeners {
		if n.TLS != nil && n.TLS.Certificate == nil && g.ca == nil {
			g.ca, err = NewCA()
		}
	}
	return err
}

// openUpstreams starts the built-in echo servers and prepares the dialers.
func (g *Gateway) openUpstreams(ctx context.Context) error {
	var errs []error
	for _, u := range g.cfg.Upstreams {
		if err := g.openUpstream(ctx, u); err != nil {
			errs = append(errs, fmt.Errorf("upstream %s: %w", u.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (g *Gateway) openUpstream(ctx context.Context, u *Upstream) error {
	address := u.Address
	if u.Echo != "" {
		e, err := newEcho(ctx, u)
		if err != nil {
			return err
		}
		g.echoes = append(g.echoes, e)
		address = Address{Network: u.Echo.network(), Host: e.address.String()}
	}
	b, err := newBackend(u, address, g.observe)
	if err != nil {
		return err
	}
	g.backends[u] = b
	return nil
}

// openListeners opens all, so that one error tells about all that cannot be.
func (g *Gateway) openListeners(ctx context.Context) error {
	var errs []error
	for _, n := range g.cfg.Listeners {
		d, err := g.open(ctx, n)
		if err != nil {
			errs = append(errs, fmt.Errorf("listener %s: %w", n.Name, err))
			continue
		}
		g.doors = append(g.doors, d)
	}
	return errors.Join(errs...)
}

// open opens one listener.
func (g *Gateway) open(ctx context.Context, n *Listener) (*door, error) {
	d := &door{cfg: n, log: g.log.With("listener", n.Name)}
	open := g.openStreams
	if n.Protocol == UDP {
		open = g.openSessions
	}
	if err := open(ctx, d); err != nil {
		return nil, err
	}
	g.observe.show(RoleListener, n.Name, n.Options.List, d.net)
	d.service = g.newService(d)
	return d, nil
}

// openStreams opens a listener of package listener.
func (g *Gateway) openStreams(ctx context.Context, d *door) error {
	cfg := d.cfg.config()
	cfg.Track, cfg.OnEvent = true, d.happened
	if d.cfg.TLS != nil {
		var err error
		if cfg.TLS, err = g.serverTLS(d.cfg); err != nil {
			return err
		}
	}
	l, err := listener.New(ctx, cfg)
	if err != nil {
		return err
	}
	own := l.(listener.Listener)
	d.net, d.addrs, d.stats = own, own.Addrs(), func() any { return own.Stats() }
	return nil
}

// openSessions opens a listener of package udpsession.
func (g *Gateway) openSessions(ctx context.Context, d *door) error {
	cfg := d.cfg.sessions()
	cfg.OnEvent = d.changed
	l, err := udpsession.Listen(ctx, cfg)
	if err != nil {
		return err
	}
	own := l.(*udpsession.Listener)
	d.net, d.addrs, d.stats = own, []net.Addr{own.Addr()}, func() any { return own.Stats() }
	return nil
}

// newService returns what speaks the protocol of a listener.
func (g *Gateway) newService(d *door) service {
	n := d.cfg
	accepted := func(c net.Conn) { g.observe.show(RoleAccepted, n.Name, n.Options.List, c) }
	switch n.Protocol {
	case UDP:
		return newUDPService(d.net, g.backends[n.Routes[0].Upstream], d.log)
	case TCP:
		return newTCPService(n, d.net, g.backends[n.Routes[0].Upstream], d.log, accepted)
	}
	return newHTTPService(n, d.net, g.backends, d.log, accepted)
}

// serve runs one listener until it is closed.
func (g *Gateway) serve(d *door) {
	if err := d.service.serve(); err != nil {
		g.failed <- fmt.Errorf("listener %s: %w", d.cfg.Name, err)
	}
}

// Failed delivers the error of each listener that stopped by itself.
func (g *Gateway) Failed() <-chan error { return g.failed }

// Addr returns where a listener of the configuration listens; nil if there is
// none of that name.
func (g *Gateway) Addr(name string) net.Addr {
	if all := g.Addrs(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// Addrs returns all addresses of a listener, each once.
func (g *Gateway) Addrs(name string) []net.Addr {
	for _, d := range g.doors {
		if d.cfg.Name == name {
			return d.addrs
		}
	}
	return nil
}

// CA returns what signed the self-signed certificates; nil if there are none.
func (g *Gateway) CA() *CA { return g.ca }

// Shutdown refuses new conns at once, lets what is in progress go on until ctx
// is done, and cuts the rest. It reports whether nothing was cut. Afterwards
// nothing of the gateway runs or is open.
func (g *Gateway) Shutdown(ctx context.Context) bool {
	var wg sync.WaitGroup
	clean := make([]bool, len(g.doors))
	for i, d := range g.doors {
		wg.Go(func() {
			clean[i] = d.service.shutdown(ctx)
			d.log.Debug("stats", "counters", d.stats())
		})
	}
	wg.Wait()
	g.serving.Wait()
	g.close()
	for _, ok := range clean {
		if !ok {
			return false
		}
	}
	return true
}

// close ends what is open when no service runs.
func (g *Gateway) close() {
	for _, d := range g.doors {
		d.net.Close() // closed already after a Shutdown
	}
	for _, b := range g.backends {
		b.close()
	}
	for _, e := range g.echoes {
		e.close()
	}
}
