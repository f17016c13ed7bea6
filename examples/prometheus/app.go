package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/strata-net/strata/dtlsx"
	"github.com/strata-net/strata/httpx"
	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/quicx"
	"github.com/strata-net/strata/tlsx/pki"
	"github.com/strata-net/strata/tunx"
)

// app is everything that is measured.
type app struct {
	roots  *x509.CertPool
	web    listener.Listener
	quic   *quicx.Listener
	dtls   *dtlsx.Listener
	pool   *httpx.Pool
	stacks [2]*netstack.Stack // at the two ends of a cable

	cancel  context.CancelFunc
	group   sync.WaitGroup
	served  error // of the server, when group has ended
	closers []func() error
}

// start opens all of it; what had been opened is closed if something fails.
func start(ctx context.Context, address string) (_ *app, err error) {
	a := new(app)
	ctx, a.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	registry := prometheus.NewRegistry()
	events := newEvents(registry)
	secure, err := a.identity()
	if err != nil {
		return nil, err
	}
	server, err := a.startWeb(ctx, address, registry, events)
	if err != nil {
		return nil, err
	}
	if a.pool, err = httpx.NewPool(&httpx.PoolConfig{OnEvent: events.dialed}); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.pool.Close)
	if err := a.startQUIC(ctx, secure); err != nil {
		return nil, err
	}
	if err := a.startDTLS(ctx, secure); err != nil {
		return nil, err
	}
	if err := a.startStacks(); err != nil {
		return nil, err
	}
	registry.MustRegister(listenerStats(a.web), serverStats(server), poolStats(a.pool),
		quicStats(a.quic), dtlsStats(a.dtls), stackStats(a.stacks[0]))
	return a, nil
}

// close ends everything, and returns what went wrong.
func (a *app) close() error {
	a.cancel()
	var errs []error
	for _, closer := range slices.Backward(a.closers) {
		errs = append(errs, closer())
	}
	a.group.Wait()
	return errors.Join(append(errs, a.served)...)
}

func (a *app) identity() (*tls.Config, error) {
	ca, err := pki.New(nil)
	if err != nil {
		return nil, err
	}
	leaf, err := ca.Issue(&pki.Leaf{Names: []string{"127.0.0.1"}, Server: true})
	if err != nil {
		return nil, err
	}
	a.roots = ca.Pool()
	return &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}}, nil
}

// startWeb serves the metrics, and a page whose requests are measured too.
func (a *app) startWeb(ctx context.Context, address string, r *prometheus.Registry, e *events) (*httpx.Server, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(r, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "an item\n") // the client sees what fails
	})
	server, err := httpx.NewServer(&httpx.ServerConfig{Handler: mux, OnEvent: e.request})
	if err != nil {
		return nil, err
	}
	l, err := listener.New(ctx, &listener.Config{Address: address, Track: true, OnEvent: e.conn})
	if err != nil {
		return nil, err
	}
	a.web = l.(listener.Listener)
	a.group.Go(func() { a.served = server.Run(ctx, []net.Listener{l}) })
	return server, nil
}

// startQUIC accepts conns, and keeps them until their clients go.
func (a *app) startQUIC(ctx context.Context, secure *tls.Config) (err error) {
	secure = secure.Clone()
	secure.NextProtos = []string{"demo"}
	if a.quic, err = quicx.NewListener(ctx, &quicx.ListenConfig{Address: "127.0.0.1:0", TLS: secure}); err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { return ended(a.quic.Shutdown(cancelled())) })
	a.group.Go(func() {
		for {
			if _, err := a.quic.Accept(ctx); err != nil {
				return
			}
		}
	})
	return nil
}

// startDTLS sends back what comes.
func (a *app) startDTLS(ctx context.Context, secure *tls.Config) error {
	l, err := dtlsx.NewListener(ctx, &dtlsx.ListenConfig{Config: dtlsx.Config{TLS: secure}, Address: "127.0.0.1:0"})
	if err != nil {
		return err
	}
	a.dtls = l.(*dtlsx.Listener)
	a.closers = append(a.closers, func() error { return ended(a.dtls.Shutdown(cancelled())) })
	a.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			a.group.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // until the client goes
			})
		}
	})
	return nil
}

// startStacks connects two stacks, of which the first has a server that echoes.
func (a *app) startStacks() (err error) {
	one, two := tunx.Pipe(1500)
	for i, device := range []tunx.IPDevice{one, two} {
		s, err := netstack.New(nil)
		if err != nil {
			return err
		}
		a.stacks[i] = s
		a.closers = append(a.closers, s.Close)
		address := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(1 + i)}), 24)
		err = errors.Join(s.CreateNIC(1, device), s.AddAddress(1, address),
			s.SetRouteTable([]netstack.Route{{Destination: address.Masked(), NIC: 1}}))
		if err != nil {
			return err
		}
	}
	l, err := a.stacks[0].Listen("tcp", "10.0.0.1:7")
	if err != nil {
		return err
	}
	a.closers = append(a.closers, l.Close)
	a.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			a.group.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c) // until the client goes
			})
		}
	})
	return nil
}

// cancelled is for a Shutdown that waits for nobody.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// ended leaves out that conns were open.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
