package main

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"syscall"
)

// An attempt is a way that is opened once and tried with both versions of IP.
type attempt struct {
	name     string
	way      wayOptions
	servers  []netip.Addr
	rootless bool
}

// attempts are the ways of the demo.
func (w *world) attempts() []attempt {
	socks := "://" + netip.AddrPortFrom(proxyHost, socksPort).String()
	connect := "https://" + netip.AddrPortFrom(proxyHost, connectPort).String()
	return []attempt{
		{name: "direct", servers: plainHosts, way: wayOptions{via: "direct"}},
		{name: "socks5", servers: plainHosts, way: wayOptions{via: "socks5" + socks, echo: echoAnswer}},
		{name: "https proxy", servers: plainHosts, way: wayOptions{via: connect, roots: w.roots, echo: echoAnswer, udp: udpResolve}},
		{name: "tls", servers: tlsHosts, way: wayOptions{via: "direct", tls: true, roots: w.roots, echo: echoAnswer}},
		{name: "rootless", servers: plainHosts, way: wayOptions{via: "direct"}, rootless: true},
		{name: "rootless socks5", servers: plainHosts, way: wayOptions{via: "socks5h" + socks}, rootless: true},
	}
}

// run opens the way and does its trials.
func (a *attempt) run(ctx context.Context, w *world, size int64) ([]*trial, error) {
	a.way.from = w.path()
	if a.rootless {
		return a.runRootless(ctx, size)
	}
	return a.runTunnel(ctx, size)
}

// trials returns what both forms have in common.
func (a *attempt) trials(size int64) []*trial {
	var list []*trial
	for i, s := range a.servers {
		list = append(list, &trial{
			way: a.name, version: "IPv" + strconv.Itoa(4+2*i),
			server: s.String(), nobody: nobodies[i].String(), dnsHost: s.String(), dns: "53",
			size: size, datagrams: a.way.datagrams(),
		})
	}
	return list
}

// runTunnel runs the clients in a namespace whose only way out is a device.
func (a *attempt) runTunnel(ctx context.Context, size int64) (trials []*trial, err error) {
	seen := newTally()
	tun, err := openTunnel(&a.way, defaultTunnel(), seen)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tun.Close()) }()
	trials = a.trials(size)
	for _, t := range trials {
		t.where, t.refusal, t.pings = tun.namespace, "Connection refused", a.way.pings()
		t.run(ctx)
		t.flows = seen.take()
	}
	return trials, nil
}

// runRootless runs the clients here, with the variables that name the proxy, and dig at
// a forwarded address.
func (a *attempt) runRootless(ctx context.Context, size int64) (trials []*trial, err error) {
	seen := newTally()
	r, err := openRootless(&a.way, "127.0.0.1:0", seen)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	trials = a.trials(size)
	for i, t := range trials {
		port, err := r.forwardBoth(netip.AddrPortFrom(a.servers[i], 53))
		if err != nil {
			return nil, err
		}
		t.where, t.refusal, t.env = here{}, "502 Bad Gateway", r.env()
		t.dnsHost, t.dns = "127.0.0.1", strconv.Itoa(int(port))
		t.run(ctx)
		t.flows = seen.take()
	}
	return trials, nil
}

// forwardBoth gives a target one port of this machine, for TCP and UDP. Somebody else may
// have the port of UDP: then another one is tried.
func (r *rootless) forwardBoth(target netip.AddrPort) (uint16, error) {
	const tries = 20
	for i := 1; ; i++ {
		at, err := r.forward(forwarded{"tcp", "127.0.0.1:0", target.String()})
		if err != nil {
			return 0, err
		}
		if _, err = r.forward(forwarded{"udp", at.String(), target.String()}); err == nil {
			return at.Port(), nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) || i == tries {
			return 0, err
		}
	}
}
