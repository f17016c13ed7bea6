package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/strata-net/strata/listener"
	"github.com/strata-net/strata/listener/udpsession"
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
	stages := []sockopt.Stage{sockopt.Bind, sockopt.Listening, sockopt.Established}
	if n.Protocol == UDP {
		stages = []sockopt.Stage{sockopt.Bind, sockopt.Established}
		for _, name := range []string{"UDP_SEGMENT", "UDP_GRO"} {
			n.Options.refuse(ps, name, "is the listener's own business")
		}
	}
	n.Options.check(ps, n.networks(), stages...)
	n.origins.blame(ps, n.addressesAt[0], n.try())
}

// checkLimits notes keys that say how, where there is nothing to do.
func (n *Listener) checkLimits(ps *problems) {
	c := &n.Net
	if n.overAt.path != "" && c.MaxConns == 0 && c.AcceptRate == 0 {
		ps.addf(n.overAt, "is of no use without max_conns or accept_rate")
	}
	if at, ok := n.origins["HandshakeTimeout"]; ok && n.TLS == nil {
		ps.addf(at, "is of no use without tls")
	}
	if at, ok := n.origins["MaxHandshakes"]; ok && n.TLS == nil && c.ProxyProtocol == nil {
		ps.addf(at, "is of no use without tls or proxy_protocol")
	}
}

// rides says whether a network can carry a protocol.
func (p Protocol) rides(network string) bool {
	a := Address{Network: network}
	switch p {
	case UDP:
		return a.protocol() == "udp"
	case HTTP:
		return a.streams()
	}
	return a.protocol() != "udp"
}

// checkCarriers notes and drops addresses of another kind of socket than the
// protocol's: the rest of the check would be about that.
func (n *Listener) checkCarriers(ps *problems) {
	var addresses []Address
	var places []place
	for i, a := range n.Addresses {
		if !a.inherited() && !n.Protocol.rides(a.Network) {
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
	if n.Protocol == TCP {
		c.IdleTimeout, c.MaxAge = n.TCP.Idle, n.TCP.Session
	}
	for _, a := range n.Addresses {
		c.Addresses = append(c.Addresses, a.String())
	}
	return &c
}

// sessions is config for protocol udp.
func (n *Listener) sessions() *udpsession.Config {
	c := n.UDP
	c.Address, c.Options = n.Addresses[0].String(), n.Options.List
	c.Allow, c.Deny, c.SourceBits4, c.SourceBits6 = n.Net.Allow, n.Net.Deny, n.Net.SourceBits4, n.Net.SourceBits6
	return &c
}

// try returns what the modules find wrong with all of it. In a context that has
// ended they look at a Config and open nothing.
func (n *Listener) try() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var l net.Listener
	var err error
	if n.Protocol == UDP {
		n.origins["Address"] = n.addressesAt[0]
		l, err = udpsession.Listen(ctx, n.sessions())
	} else {
		l, err = listener.New(ctx, n.tryConfig())
	}
	if err == nil {
		l.Close()
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// tryConfig is config with something in the place of what the check cannot know:
// what systemd:// stands for in the process that inherits it, and certificates.
func (n *Listener) tryConfig() *listener.Config {
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
	return c
}
