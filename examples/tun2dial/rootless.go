package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/strata-net/strata/netstack"
	"github.com/strata-net/strata/tunx"
)

// pipeMTU is that of the pipe between the stacks: large, since no wire is in between.
const pipeMTU = 65535

// A rootless form carries the traffic of clients that use its proxy, or the addresses it
// forwards: into a stack, through a pipe as packets, and out of another stack, which
// dials.
//
//	program -> proxy on loopback -> stack -> pipe -> forwarder -> dialer
type rootless struct {
	stack   *netstack.Stack
	carrier *carrier
	front   *front
	names   *names
	opened  []io.Closer // for forwarded addresses
}

// openRootless joins the stacks and opens the proxy.
func openRootless(o *wayOptions, proxy string, seen watcher) (_ *rootless, err error) {
	r := &rootless{names: newNames()}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	near, far := tunx.Pipe(pipeMTU)
	if r.carrier, err = newCarrier(o, far, r.names, seen); err != nil {
		return nil, errors.Join(err, near.Close(), far.Close())
	}
	if r.stack, err = newClientStack(near); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", proxy) //nolint:noctx // the address is a literal
	if err != nil {
		return nil, fmt.Errorf("-proxy: %w", err)
	}
	r.front = newFront(l, r.dial)
	return r, nil
}

// newClientStack returns a stack whose way out is a device, which it closes.
func newClientStack(dev tunx.IPDevice) (*netstack.Stack, error) {
	const nic = 1
	s, err := netstack.New(nil)
	if err != nil {
		return nil, errors.Join(err, dev.Close())
	}
	if err := s.CreateNIC(nic, dev); err != nil {
		return nil, errors.Join(err, dev.Close(), s.Close())
	}
	for _, p := range stackPrefix {
		if err := s.AddAddress(nic, p); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	var table []netstack.Route
	for _, p := range prefixes("0.0.0.0/0", "::/0") {
		table = append(table, netstack.Route{Destination: p, NIC: nic})
	}
	if err := s.SetRouteTable(table); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// dial connects through the stacks. Names need no address here: who dials in the end
// looks them up.
func (r *rootless) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return r.stack.DialContext(ctx, network, net.JoinHostPort(r.names.address(host).String(), port))
}

// env are the variables that make programs use the proxy.
func (r *rootless) env() []string {
	var list []string
	web, all := "http://"+r.front.Addr().String(), "socks5h://"+r.front.Addr().String()
	for name, value := range map[string]string{
		"http_proxy": web, "https_proxy": web, "HTTP_PROXY": web, "HTTPS_PROXY": web,
		"all_proxy": all, "ALL_PROXY": all, "no_proxy": "", "NO_PROXY": "",
	} {
		list = append(list, name+"="+value)
	}
	return list
}

// Close ends everything, clients first.
func (r *rootless) Close() error {
	var errs []error
	for _, c := range r.opened {
		errs = append(errs, c.Close())
	}
	if r.front != nil {
		errs = append(errs, r.front.Close())
	}
	if r.stack != nil {
		errs = append(errs, r.stack.Close())
	}
	if r.carrier != nil {
		errs = append(errs, r.carrier.Close())
	}
	return errors.Join(errs...)
}

// runRootless runs a program, or waits for a signal.
func runRootless(ctx context.Context, f *flags, out, diag io.Writer) (err error) {
	seen := newViewer(f, out, diag)
	defer seen.Close()
	r, err := openRootless(&f.way, f.proxy, seen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, w := range f.forwards {
		at, err := r.forward(w)
		if err != nil {
			return err
		}
		fmt.Fprintf(diag, "tun2dial: %s %v stands for %s\n", w.network, at, w.target)
	}
	if len(f.program) > 0 {
		return runProgram(ctx, here{}, f.program, r.env(), out, diag)
	}
	fmt.Fprintf(diag, "tun2dial: proxy (SOCKS5 and HTTP) at %v\n", r.front.Addr())
	<-ctx.Done()
	return nil
}

// forward opens an address that stands for another one.
func (r *rootless) forward(w forwarded) (netip.AddrPort, error) {
	if w.network == "udp" {
		return r.forwardUDP(w)
	}
	l, err := net.Listen("tcp", w.local) //nolint:noctx // the address is a literal
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("-forward: %w", err)
	}
	r.opened = append(r.opened, newPort(l, w.target, r.dial))
	return l.Addr().(*net.TCPAddr).AddrPort(), nil
}
