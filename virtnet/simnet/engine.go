package simnet

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/strata-net/strata/virtnet"
)

// engine is the network as package virtnet sees it: a virtnet.Stack.
type engine Network

func (e *engine) net() *Network { return (*Network)(e) }

// VNetNewHost makes a host with the addresses that the context has.
func (e *engine) VNetNewHost(ctx context.Context, hostname string, _ virtnet.Registry) error {
	given, _ := ctx.Value(addrsKey{}).([]netip.Addr)
	addrs := make([]netip.Addr, len(given))
	for i, a := range given {
		addrs[i] = a.Unmap()
	}
	err := e.net().enterHost(newHost(e.net(), hostname, addrs))
	if errors.Is(err, virtnet.ErrHostDup) || errors.Is(err, virtnet.ErrRegistryDown) {
		return e.registryError("announce", []string{hostname, ""}, err)
	}
	return err
}

// VNetCloseHost closes all sockets of a host. With the network all hosts are marked
// before the first one says goodbye: nobody takes it for the end of a peer.
func (e *engine) VNetCloseHost(hostname string, why error) error {
	n := e.net()
	if errors.Is(why, virtnet.ErrNetDown) {
		n.shutdown()
	}
	n.mu.RLock()
	h := n.hosts[hostname]
	n.mu.RUnlock()
	if h != nil {
		h.close(hostDown)
		n.leaveHost(h)
	}
	return nil
}

// shutdown ends everything on all hosts.
func (n *Network) shutdown() {
	n.mu.Lock()
	down := n.down
	n.down = true
	var hosts []*Host
	for _, h := range n.hosts {
		hosts = append(hosts, h)
	}
	n.mu.Unlock()
	if down {
		return
	}
	n.sched.close()
	n.sched.run.Lock()
	defer n.sched.run.Unlock()
	for _, h := range hosts {
		h.goDown(hostClosed, netDown)
	}
	for _, h := range hosts {
		h.vanish(netDown)
	}
}

// VNetListen opens a listener.
func (e *engine) VNetListen(ctx context.Context, hostname, laddr string) (net.Listener, error) {
	return e.host(hostname).ListenContext(ctx, laddr)
}

// VNetListenPacket opens a socket for datagrams.
func (e *engine) VNetListenPacket(_ context.Context, hostname, laddr string) (net.PacketConn, error) {
	return e.host(hostname).ListenPacket(laddr)
}

// VNetConnect dials.
func (e *engine) VNetConnect(ctx context.Context, hostname, addr string) (net.Conn, error) {
	return e.host(hostname).Dial(ctx, addr)
}

// VNetDial is not called on a stack.
func (e *engine) VNetDial(context.Context, *virtnet.Addr, *virtnet.Addr, string) (net.Conn, *virtnet.Addr, error) {
	return nil, nil, errors.ErrUnsupported
}

// host returns the host of a call. It is there: SubNetwork lets a host be closed when
// no call of it is under way any more.
func (e *engine) host(name string) *Host {
	n := e.net()
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.hosts[name]
}

// Close ends what a network without hosts has left.
func (e *engine) Close() error {
	e.net().shutdown()
	return nil
}

// registry is the network as package virtnet looks names up in it.
type registry Network

// Announce is not needed: VNetNewHost enters the host with all that it has.
func (*registry) Announce(context.Context, string, string) error { return errors.ErrUnsupported }

// Query knows the names of hosts.
func (r *registry) Query(_ context.Context, hostname string) (string, error) {
	n := (*Network)(r)
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.hosts[hostname] == nil {
		return "", (*engine)(r).registryError("query", hostname, virtnet.ErrNoHost)
	}
	return "", nil
}

// Close has nothing to do: the engine forgets the hosts.
func (*registry) Close() error { return nil }

func (e *engine) registryError(op string, args any, err error) error {
	return &virtnet.RegistryError{Registry: "ram(" + e.name + ")", Op: op, Args: args, Err: err}
}
