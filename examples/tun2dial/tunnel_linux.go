package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/strata-net/strata/tunx/link"
	"github.com/strata-net/strata/tunx/tun"
)

// A tunnel carries the traffic of a namespace.
//
//	program -> kernel of the namespace -> TUN -> forwarder -> dialer
type tunnel struct {
	*namespace

	device  *tun.Device
	link    *link.Link
	carrier *carrier
}

// openTunnel makes the namespace, if there is none, and the device in it.
func openTunnel(w *wayOptions, o *tunnelOptions, seen watcher) (_ *tunnel, err error) {
	t := &tunnel{}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	if o.netns == "" {
		t.namespace, err = newNamespace()
	} else {
		t.namespace, err = openNamespace(o.netns)
	}
	if err != nil {
		return nil, err
	}
	if t.device, err = tun.Open(&tun.Config{Name: o.device, MTU: o.mtu, Netns: t.path()}); err != nil {
		return nil, err
	}
	if t.carrier, err = newCarrier(w, t.device, nil, seen); err != nil {
		return nil, errors.Join(err, t.device.Close())
	}
	t.link, err = link.Setup(&link.Config{
		Name: t.device.Name(), Netns: t.path(), MTU: o.mtu, Addrs: o.addresses, Routes: o.linkRoutes(),
	})
	return t, err
}

func (o *tunnelOptions) linkRoutes() []link.Route {
	var list []link.Route
	for _, p := range o.routes {
		list = append(list, link.Route{To: p.Masked()})
	}
	return list
}

// Close removes all that was added: routes, addresses, the device, the namespace if it
// was made.
func (t *tunnel) Close() error {
	var errs []error
	if t.carrier != nil { // first: its clients are told
		errs = append(errs, t.carrier.Close())
	}
	if t.link != nil {
		errs = append(errs, t.link.Close())
	}
	return errors.Join(append(errs, t.namespace.Close())...)
}

// runTunnel runs a program in the namespace, or waits for a signal.
func runTunnel(ctx context.Context, f *flags, out, diag io.Writer) (err error) {
	seen := newViewer(f, out, diag)
	defer seen.Close()
	t, err := openTunnel(&f.way, &f.tunnel, seen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if len(f.program) > 0 {
		return runProgram(ctx, t, f.program, nil, out, diag)
	}
	fmt.Fprintf(diag, "tun2dial: ready: %s in %s\n", t.device.Name(), f.tunnel.netns)
	<-ctx.Done()
	return nil
}
