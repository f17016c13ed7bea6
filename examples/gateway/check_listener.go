package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/sockopt"
)

// checkListener notes keys of other protocols, and what cannot take effect.
func checkListener(n *Listener, ps *problems) {
	for _, k := range n.only {
		if !slices.Contains(k.protocols, n.Protocol) {
			ps.addf(k.at, "is for protocol %s, this one is %s", orList(protocolNames(k.protocols)), n.Protocol)
		}
	}
	n.checkCarriers(ps)
	if len(n.Addresses) == 0 {
		return // they are wrong, or missing
	}
	if at, ok := n.origins["KeepAlive"]; ok && !slices.ContainsFunc(n.Addresses, Address.isTCP) {
		ps.addf(at, "is for tcp, and no address is")
	}
	n.checkLimits(ps)
	n.Options.check(ps, n.networks(), sockopt.Bind, sockopt.Listening, sockopt.Established)
	n.origins.blame(ps, n.addressesAt[0], n.try(), "Options")
}

// checkLimits notes keys that say how, where there is nothing to do.
func (n *Listener) checkLimits(ps *problems) {
	c := &n.Net
	if n.overAt.path != "" && c.MaxConns == 0 && c.AcceptRate == 0 {
		ps.addf(n.overAt, "is of no use without max_conns or accept_rate")
	}
	for _, field := range []string{"MaxHandshakes", "HandshakeTimeout"} {
		if at, ok := n.origins[field]; ok && n.TLS == nil {
			ps.addf(at, "is of no use without tls")
		}
	}
}

// checkCarriers notes and drops addresses of another kind of socket than the
// protocol's: the rest of the check would be about that.
func (n *Listener) checkCarriers(ps *problems) {
	var addresses []Address
	var places []place
	for i, a := range n.Addresses {
		if !a.inherited() && (a.protocol() == "udp") != (n.Protocol == UDP) {
			ps.addf(n.addressesAt[i], "protocol %s does not listen on %s", n.Protocol, a.Network)
			continue
		}
		addresses, places = append(addresses, a), append(places, n.addressesAt[i])
	}
	n.Addresses, n.addressesAt = addresses, places
}

func protocolNames(list []Protocol) []string {
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = string(p)
	}
	return names
}

// networks returns what a listener listens on, each network once; "" is one
// that is not known before.
func (n *Listener) networks() []string {
	var list []string
	for _, a := range n.Addresses {
		network := a.Network
		if a.inherited() {
			network = ""
		}
		if !slices.Contains(list, network) {
			list = append(list, network)
		}
	}
	return list
}

// config returns what to open, but TLS.
func (n *Listener) config() *listener.Config {
	c := n.Net
	c.Options = n.Options.List
	for _, a := range n.Addresses {
		c.Addresses = append(c.Addresses, a.String())
	}
	return &c
}

// try returns what package listener finds wrong with all of it. In a context
// that has ended it looks at a Config and opens nothing. What systemd:// stands
// for is known in the process that inherits it; elsewhere any descriptor does.
func (n *Listener) try() error {
	c := n.config()
	for i, a := range n.Addresses {
		n.origins[fmt.Sprintf("Addresses[%d]", i)] = n.addressesAt[i]
		if a.Network == "systemd" {
			c.Addresses[i] = fmt.Sprintf("fd://%d", maxCount+i)
		}
	}
	if n.TLS != nil {
		c.TLS = &tls.Config{Certificates: make([]tls.Certificate, 1)}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	l, err := listener.New(ctx, c)
	if err == nil {
		l.Close()
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
