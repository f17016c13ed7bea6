package dialer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// lookup resolves a name to the one address that a socks5 proxy is given.
type lookup func(ctx context.Context, host string) (netip.Addr, error)

// newHops checks the chain. Its error joins those of all bad proxies.
func newHops(proxies []Proxy) ([]*hop, error) {
	if len(proxies) == 0 {
		return nil, nil
	}
	hops := make([]*hop, len(proxies))
	var errs []error
	for i, p := range proxies {
		var err error
		field := fmt.Sprintf("Proxies[%d]", i)
		hops[i], err = newHop(field, p)
		if err == nil && i > 0 {
			_, err = newEndpoint("tcp", hops[i].address)
		}
		if err != nil {
			errs = append(errs, &Error{Op: "config", Field: field, Value: p.String(), Err: err})
		}
		errs = append(errs, checkProxy(field, p))
	}
	return hops, errors.Join(errs...)
}

// chain returns the proxies on the way to the target, none for unix.
func (d *dialer) chain(network, address string) ([]*hop, *Error) {
	if d.hops == nil && d.environment == nil {
		return nil, nil
	}
	base, _, _ := strings.Cut(network, ":")
	if isUnix(base) || !known(base) {
		return nil, nil // local, or direct will say what is wrong
	}
	hops, field := d.hops, "Proxies"
	if d.environment != nil {
		var err error
		field = "ProxyFromEnvironment"
		if hops, err = d.environment.chain(network, address); err != nil {
			return nil, &Error{Op: "dial", Field: field, Err: err}
		}
	}
	if len(hops) > 0 && !strings.HasPrefix(network, "tcp") {
		return nil, &Error{Op: "dial", Field: field, Err: fmt.Errorf("network %s through a proxy: %w", network, errors.ErrUnsupported)}
	}
	return hops, nil
}

// dialChain connects to the target by way of the proxies. A conn is the bare one
// of package net, or the *tls.Conn to the last proxy that is https.
func (d *dialer) dialChain(ctx context.Context, hops []*hop, network, address string) (net.Conn, error) {
	blame := func(op string, h *hop, err error) error {
		return &Error{Op: op, Field: h.field, Value: h.name, Network: network, Address: address, Err: err}
	}
	to, err := newEndpoint(network, address)
	if err != nil {
		return nil, blame("dial", hops[0], err)
	}
	p, err := d.plan(ctx, network, hops[0].address)
	if err != nil {
		return nil, blame("dial", hops[0], err)
	}
	if e := p.excludes(to.ip); e != nil {
		e.Network, e.Address = network, address
		return nil, e
	}
	conn, err := d.direct(ctx, network, hops[0].address, nil)
	if err != nil {
		return nil, blame("dial", hops[0], err)
	}
	for i, h := range hops {
		next := to
		if i+1 < len(hops) {
			next = hops[i+1].endpoint
		}
		if conn, err = d.pass(ctx, h, conn, next, p.lookupOne); err != nil {
			if errors.Is(context.Cause(ctx), errTimeout) {
				err = fmt.Errorf("%w (Config.Timeout=%v)", err, d.timeout)
			}
			return nil, blame("proxy", h, err)
		}
	}
	return conn, nil
}

// pass is hop.through, as a step.
func (d *dialer) pass(ctx context.Context, h *hop, conn net.Conn, to endpoint, find lookup) (net.Conn, error) {
	if d.onEvent == nil {
		return h.through(ctx, conn, to, find)
	}
	r := recordOf(ctx)
	step := r.begin(StepProxy, h.address)
	next, err := h.through(ctx, conn, to, find)
	r.end(step, nil, err)
	return next, err
}

// lookupOne returns the address of a name that a dial of the network would try
// first, if it could have any source: the proxy's is not known.
func (p *plan) lookupOne(ctx context.Context, host string) (netip.Addr, error) {
	_, version := split(p.network)
	addrs, err := p.lookup(ctx, "ip"+version, host)
	if err != nil {
		return netip.Addr{}, err
	}
	fit := make([]netip.Addr, 0, len(addrs))
	for _, ip := range addrs {
		ip = ip.Unmap().WithZone("")
		if ip.IsValid() && (version == "" || version == "4" == ip.Is4()) {
			fit = append(fit, ip)
		}
	}
	if len(fit) == 0 {
		return netip.Addr{}, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	p.family.sort(fit)
	return fit[0], nil
}
