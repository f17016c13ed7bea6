package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt/socketz"
	specv1 "github.com/strata-net/strata/spec/strata/v1"
)

// Admin is where the page is that shows what is open.
type Admin struct{ Address Address }

// newAdmin takes the entry admin; nil if there is none.
func newAdmin(e entry, m *specv1.GatewayAdmin) *Admin {
	switch {
	case m == nil:
		return nil
	case m.Address == nil:
		e.addf("address", "is missing")
		return nil
	}
	a, err := parseListenAddress(m.GetAddress())
	if err == nil && a.Network == "" {
		a.Network = "tcp"
	}
	if err == nil {
		err = a.private()
	}
	e.bad("address", m.GetAddress(), err)
	return &Admin{a}
}

// private returns nil for an address that only this machine can reach.
func (a Address) private() error {
	switch {
	case a.Network == "unix":
		return nil
	case a.protocol() != "tcp":
		return fmt.Errorf("want tcp:// or unix://, got %s://", a.Network)
	}
	if ip, err := netip.ParseAddr(a.hostname()); err != nil || !ip.Unmap().IsLoopback() {
		return errors.New("want a loopback address such as 127.0.0.1: the page asks nobody who he is")
	}
	if low, high, err := splitPorts(a.Host); err != nil || low != high {
		return errors.New("want one port")
	}
	return nil
}

// same says whether the page is where it was.
func (a *Admin) same(other *Admin) bool {
	return a == other || a != nil && other != nil && a.Address == other.Address
}

// adminConns bounds the conns of the page.
const adminConns = 32

// An adminPage serves the page while it is open.
type adminPage struct {
	cfg      *Admin
	listener net.Listener
	server   *http.Server
	forget   func()
	done     chan struct{}
}

// openAdmin opens the page; nil if there is to be none.
func (g *Gateway) openAdmin(ctx context.Context, cfg *Admin) (*adminPage, error) {
	if cfg == nil {
		return nil, nil //nolint:nilnil // there is none
	}
	c := &listener.Config{Address: cfg.Address.String(), MaxConns: adminConns}
	if cfg.Address.Network == "unix" {
		c.UnixMode = 0o600
	}
	l, err := listener.New(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	p := &adminPage{cfg: cfg, listener: l, done: make(chan struct{})}
	p.forget = g.shown.add(socketz.Socket{Name: "admin", Role: socketz.Listening, Conn: l})
	p.server = &http.Server{
		Handler: g.shown.handler(g.log), ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 30 * time.Second,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			g.shown.add(socketz.Socket{Name: "admin", Role: socketz.Accepted, Conn: c})
			return ctx
		},
	}
	return p, nil
}

// start serves until the page is closed.
func (p *adminPage) start(log *slog.Logger) {
	log.Info("admin page", "address", p.listener.Addr())
	go func() {
		defer close(p.done)
		if err := p.server.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin page", "error", err)
		}
	}()
}

// close ends the page and its conns.
func (p *adminPage) close() {
	if p == nil {
		return
	}
	p.forget()
	p.server.Close()
	p.listener.Close() // of a server that does not know it yet
	<-p.done
}

// config is what the page is of; nil if there is none.
func (p *adminPage) config() *Admin {
	if p == nil {
		return nil
	}
	return p.cfg
}

// move takes the new page into use, if it is not where it was.
func (c *change) move() {
	if c.cfg.Admin.same(c.admin.config()) {
		return
	}
	c.admin.close()
	c.admin = c.page
	if c.page != nil {
		c.page.start(c.log)
	}
}
