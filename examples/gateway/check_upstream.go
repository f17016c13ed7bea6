package main

import (
	"context"
	"errors"
	"net/netip"

	"github.com/strata-net/strata/dialer"
	"github.com/strata-net/strata/sockopt"
)

// checkUpstreams returns the upstreams by name.
func checkUpstreams(list []*Upstream, ps *problems) map[string]*Upstream {
	seen := map[string]place{}
	byName := map[string]*Upstream{}
	for _, u := range list {
		unique(ps, seen, u.Name, u.nameAt)
		byName[u.Name] = u
		switch {
		case u.echoAt.path != "" && u.addressAt.path != "":
			ps.addf(u.echoAt, "excludes address")
		case u.echoAt.path != "" && u.TLS != nil:
			ps.addf(u.echoAt, "excludes tls")
		case u.echoAt.path == "" && u.addressAt.path == "":
			ps.addf(u.at, "want an address, or echo")
		case u.TLS != nil && u.network() != "" && !(Address{Network: u.network()}).streams():
			ps.addf(u.at.key("tls"), "is for streams of bytes, not for %s", u.network())
		case u.TLS != nil && u.network() == "unix" && u.TLS.ServerName == "":
			ps.addf(u.at.key("tls.server_name"), "is missing; a unix socket has no host name to verify")
		}
		u.checkDial(ps)
	}
	return byName
}

// network returns what an upstream is dialled with; empty when the file does
// not say it.
func (u *Upstream) network() string {
	if u.Echo != "" {
		return u.Echo.network()
	}
	return u.Address.Network
}

// checkDial notes what cannot take effect when the upstream is dialled.
func (u *Upstream) checkDial(ps *problems) {
	network := u.network()
	if network == "" {
		return // the address is wrong, or missing
	}
	if at, ok := u.origins["KeepAlive"]; ok && !(Address{Network: network}).isTCP() {
		ps.addf(at, "is for tcp, the address is not")
	}
	u.Options.check(ps, []string{network}, sockopt.Bind, sockopt.Established)
	if (Address{Network: network}).protocol() == "udp" {
		u.Options.refuse(ps, "UDP_GRO", "would join datagrams, which are forwarded one by one")
	}
	u.origins.blame(ps, u.at, u.tryDial(network))
}

// tryDial returns what package dialer finds wrong with all of it. It dials in a
// context that has ended, and with a resolver that finds nothing, so that it
// gets as far as it can without a socket.
func (u *Upstream) tryDial(network string) error {
	cfg := u.Dial
	cfg.Options = u.Options.List
	cfg.Lookup = func(context.Context, string, string) ([]netip.Addr, error) { return nil, context.Canceled }
	d, err := dialer.New(&cfg)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	address := u.Address.Host
	if u.Echo != "" {
		address = "127.0.0.1:1"
	}
	_, err = d.DialContext(ctx, network, address)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
