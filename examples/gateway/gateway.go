package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
	"github.com/strata-net/strata/quicx/http3x"
	"github.com/strata-net/strata/tlsx/pki"
)

// A Gateway runs the listeners of a configuration. It is safe for concurrent
// use.
type Gateway struct {
	log     *slog.Logger
	observe observer
	signer  signer
	failed  chan error
	serving sync.WaitGroup  // listeners, and upstreams that a Reload has left
	ending  sync.WaitGroup  // listeners that drain after a Reload
	wereCut atomic.Bool     // one of those had more to do than time
	hurry   context.Context // ends when what drains is cut
	cut     func()

	shown     shown
	reloading sync.Mutex // held by Reload and Shutdown; guards backends, admin and down
	backends  map[*Upstream]*backend
	admin     *adminPage // nil: none
	down      bool       // after a Shutdown

	mu    sync.Mutex // guards doors
	doors []*door
}

// A service speaks one protocol on a listener.
type service interface {
	// serve accepts until shutdown, and returns nil then.
	serve() error
	// shutdown closes the listener, waits for what is in progress
	// until ctx is done, and cuts the rest. It reports whether nothing was cut.
	shutdown(ctx context.Context) bool
	// route makes what begins from now on go where the routes of n lead, to the
	// upstreams that backends dial.
	route(n *Listener, backends map[*Upstream]*backend) error
}

// A door is a listener of the configuration while it is open.
type door struct {
	name    string
	cfg     *Listener
	net     draining
	addrs   []net.Addr
	stats   func() any
	packets []net.PacketConn // of http3
	http3   *http3x.Server   // of http3
	secure  *tls.Config      // nil: no TLS
	sources sources
	service service
	forget  func() // takes it from the admin page; nil before it is there
	log     *slog.Logger
}

// Start opens every listener of cfg. If that fails, nothing stays open and the
// error says what is wrong with each. observe may be nil.
func Start(ctx context.Context, cfg *Config, log *slog.Logger, observe observer) (*Gateway, error) {
	g := &Gateway{log: log, observe: observe, failed: make(chan error, 1)}
	g.hurry, g.cut = context.WithCancel(context.Background())
	if err := g.Reload(ctx, cfg); err != nil {
		g.cut()
		return nil, err
	}
	return g, nil
}

// start lets a listener serve.
func (g *Gateway) start(d *door) {
	g.log.Info("listening", "listener", d.cfg.Name, "protocol", d.cfg.Protocol,
		"tls", d.cfg.TLS != nil, "address", d.net.Addr(), "addresses", len(d.addrs))
	g.serving.Go(func() { g.serve(d) })
}

// serve runs one listener until it is closed.
func (g *Gateway) serve(d *door) {
	if err := d.service.serve(); err != nil {
		select {
		case g.failed <- fmt.Errorf("listener %s: %w", d.name, err):
		default: // one is enough to end the gateway
		}
	}
}

// open opens one listener, whose routes lead to backends.
func (g *Gateway) open(ctx context.Context, n *Listener, backends map[*Upstream]*backend) (*door, error) {
	d := &door{name: n.Name, cfg: n, log: g.log.With("listener", n.Name)}
	if err := g.openers()[n.Protocol](ctx, d); err != nil {
		d.sources.close()
		return nil, err
	}
	g.observe.show(RoleListener, n.Name, n.Options, d.net)
	d.forget = g.shown.listening(d)
	service, err := g.newService(d, backends)
	if err != nil {
		d.close()
		return nil, err
	}
	d.service = service
	return d, nil
}

// openers say who opens the listeners of a protocol.
func (g *Gateway) openers() map[Protocol]func(context.Context, *door) error {
	return map[Protocol]func(context.Context, *door) error{
		TCP: g.openStreams, HTTP: g.openStreams, HTTP3: g.openHTTP3, UDP: g.openSessions, QUIC: g.openQUIC, DTLS: g.openDTLS,
	}
}

// close closes what is open of a door that no service runs on.
func (d *door) close() {
	if d.forget != nil {
		d.forget()
	}
	d.net.Close() // closed already after a Shutdown
	d.closePackets()
	d.sources.close()
}

// openStreams opens a listener of package listener.
func (g *Gateway) openStreams(ctx context.Context, d *door) error {
	cfg := d.cfg.Net
	cfg.OnEvent = d.happened
	if d.cfg.TLS != nil {
		var err error
		if d.secure, err = g.serverTLS(ctx, d); err != nil {
			return err
		}
		cfg.TLS = d.secure
	}
	l, err := listener.New(ctx, &cfg)
	if err != nil {
		return err
	}
	own := l.(listener.Listener)
	d.net, d.addrs, d.stats = own, own.Addrs(), func() any { return own.Stats() }
	return nil
}

// openSessions opens a listener of package udpsession.
func (g *Gateway) openSessions(ctx context.Context, d *door) error {
	cfg := d.cfg.UDP
	cfg.OnEvent = d.changed
	l, err := udpsession.Listen(ctx, &cfg)
	if err != nil {
		return err
	}
	own := l.(*udpsession.Listener)
	d.net, d.addrs, d.stats = own, []net.Addr{own.Addr()}, func() any { return own.Stats() }
	return nil
}

// newService returns what speaks the protocol of a listener.
func (g *Gateway) newService(d *door, backends map[*Upstream]*backend) (service, error) {
	n := d.cfg
	accepted := func(c net.Conn) { g.observe.show(RoleAccepted, n.Name, n.Options, c) }
	note := func(c any) func() { return g.shown.accepted(n, c) }
	var s service
	switch n.Protocol {
	case UDP, DTLS:
		s = newUDPService(n, d.net, d.log, note)
	case TCP, QUIC:
		s = newTCPService(n, d.net, d.log, note, accepted)
	default:
		web := func(c net.Conn) {
			accepted(c)
			note(c) // until it is closed
		}
		var err error
		if s, err = newHTTPService(d, web); err != nil {
			return nil, err
		}
	}
	return s, s.route(n, backends)
}

// Failed delivers the error of the first listener that stopped by itself.
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
	if d := g.door(name); d != nil {
		return d.addrs
	}
	return nil
}

// door returns an open listener by name; nil if there is none.
func (g *Gateway) door(name string) *door {
	for _, d := range g.listeners() {
		if d.name == name {
			return d
		}
	}
	return nil
}

// listeners returns those that are open.
func (g *Gateway) listeners() []*door {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.doors
}

// CA returns what signed the self-signed certificates; nil if there are none.
func (g *Gateway) CA() *pki.CA { return g.signer.authority() }

// Shutdown refuses new conns at once, lets what is in progress go on until ctx
// is done, and cuts the rest. It reports whether nothing was cut. Afterwards
// nothing of the gateway runs or is open.
func (g *Gateway) Shutdown(ctx context.Context) bool {
	g.wereCut.Store(false)
	stop := context.AfterFunc(ctx, g.cut) // also what drains since a Reload
	defer stop()
	g.reloading.Lock()
	defer g.reloading.Unlock()
	g.down = true
	var clean atomic.Bool
	clean.Store(true)
	var wg sync.WaitGroup
	for _, d := range g.listeners() {
		wg.Go(func() {
			if !d.service.shutdown(ctx) {
				clean.Store(false)
			}
			d.log.Debug("stats", "counters", d.stats())
			d.close()
		})
	}
	wg.Wait()
	g.ending.Wait() // may have the same upstreams
	for _, b := range g.backends {
		b.close()
	}
	g.admin.close() // as late, so that it shows what is drained
	g.cut()         // upstreams that wait for what drains, which is over
	g.serving.Wait()
	return clean.Load() && !g.wereCut.Load()
}
