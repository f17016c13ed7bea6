package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/strata-net/strata/internal/bench/lab"
)

// Where the server is. A TUN's client side has the address .1, what answers behind it .2.
const (
	direct   = "10.96.0.2" // a veth from the client to the server
	routed   = "10.94.0.2" // through the gateway, whose kernel forwards
	dialled  = "10.99.0.2" // a veth from the gateway to the server, which the client has no route to but through its TUN
	copied   = "10.97.0.2" // the server's TUN
	tunneled = "10.98.0.2" // a stack behind the client's TUN
)

// network is three namespaces: the client, the gateway in which the ways run, and the server.
type network struct{ client, gateway, server *lab.Namespace }

func newNetwork() (*network, error) {
	n := &network{}
	for _, place := range []**lab.Namespace{&n.client, &n.gateway, &n.server} {
		space, err := lab.NewNamespace()
		if err != nil {
			n.Close()
			return nil, err
		}
		*place = space
	}
	if err := n.join(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Close lets the namespaces go, and with them the devices.
func (n *network) Close() {
	for _, space := range []*lab.Namespace{n.client, n.gateway, n.server} {
		space.Close()
	}
}

func (n *network) join() error {
	err := errors.Join(
		veth(n.client, "direct", "10.96.0.1/24", n.server, "direct", direct+"/24"),
		veth(n.client, "routed", "10.95.0.1/24", n.gateway, "inner", "10.95.0.2/24"),
		veth(n.gateway, "outer", "10.94.0.1/24", n.server, "outer", routed+"/24"),
		n.gateway.Run("ip", "address", "add", "10.99.0.1/24", "dev", "outer"),
		n.server.Run("ip", "address", "add", dialled+"/24", "dev", "outer"),
		n.client.Run("ip", "route", "add", "10.94.0.0/24", "via", "10.95.0.2"),
		n.server.Run("ip", "route", "add", "10.95.0.0/24", "via", "10.94.0.1"),
		write(n.gateway, "ip_forward", "1"),
	)
	for _, space := range []*lab.Namespace{n.client, n.gateway} {
		err = errors.Join(err, write(space, "ip_local_port_range", "1024 65000"), write(space, "tcp_tw_reuse", "1"))
	}
	return errors.Join(err, n.await(direct), n.await(routed))
}

// veth links two namespaces.
func veth(a *lab.Namespace, nameA, addressA string, b *lab.Namespace, nameB, addressB string) error {
	err := a.Run("ip", "link", "add", nameA, "type", "veth", "peer", "name", nameB, "netns", b.Path())
	if err != nil {
		return err
	}
	return errors.Join(up(a, nameA, addressA), up(b, nameB, addressB))
}

func up(n *lab.Namespace, device, address string) error {
	if err := n.Run("ip", "address", "add", address, "dev", device); err != nil {
		return err
	}
	return n.Run("ip", "link", "set", device, "up")
}

// write sets a value of net.ipv4.
func write(n *lab.Namespace, name, value string) error {
	return n.Do(func() error { return os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0) })
}

// await waits until the server can be reached: a new veth carries nothing for a while.
func (n *network) await(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	address := netip.AddrPortFrom(netip.MustParseAddr(server), 0)
	var l net.Listener
	err := n.server.Do(func() (err error) {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp4", address.String())
		return err
	})
	if err != nil {
		return err
	}
	defer l.Close()
	return n.client.Do(func() error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp4", l.Addr().String())
		if err != nil {
			return fmt.Errorf("the new network does not carry: %w", err)
		}
		return c.Close()
	})
}
