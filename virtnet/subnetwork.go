package virtnet

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"github.com/strata-net/strata/virtnet/internal/hostport"
)

// SubNetwork is one part of a virtual network, in one process: the home of hosts,
// which reach those of all other parts. Names of hosts are unique in the whole
// network. It is safe for concurrent use.
type SubNetwork struct {
	network  string
	engine   Engine
	registry Registry
	ctx      context.Context // ends when the network goes down
	cancel   context.CancelFunc
	down     atomic.Bool

	mu        sync.Mutex
	hosts     map[string]*Host // also those that are being closed
	open      int              // those that are not
	autoClose bool
	failed    []error // what Close will say

	calls   sync.WaitGroup // VNetNewHost
	closing atomic.Bool
	closed  chan struct{}
	err     error // what Close returns
}

// NewSubNetwork makes a subnetwork of the network with the given full name on an
// engine and a registry. Implementations of networks call it. What comes in from
// the network they tell the Notifier.
func NewSubNetwork(network string, engine Engine, registry Registry) (*SubNetwork, Notifier) {
	n := &SubNetwork{network: network, engine: engine, registry: registry, hosts: make(map[string]*Host), closed: make(chan struct{})}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n, notifier{n}
}

// Network returns the full name of the network, for instance "pipeα".
func (n *SubNetwork) Network() string { return n.network }

// Host returns the open host with the name, nil if there is none on this subnetwork.
func (n *SubNetwork) Host(name string) *Host {
	n.mu.Lock()
	defer n.mu.Unlock()
	if h := n.hosts[name]; h != nil && !h.isDown() {
		return h
	}
	return nil
}

// NewHost makes a host. The error is an [*Error]; its cause is [ErrHostDup] when
// another host of the whole network has the name, [ErrNetDown] once the network is
// closed. The name of a closed host can be used again.
func (n *SubNetwork) NewHost(ctx context.Context, name string) (*Host, error) {
	h, err := n.newHost(ctx, name)
	if err != nil {
		return nil, &Error{Network: n.network, Op: opNewHost, Host: name, Err: err}
	}
	return h, nil
}

func (n *SubNetwork) newHost(ctx context.Context, name string) (*Host, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := n.enter(ctx, name); err != nil {
		return nil, err
	}
	defer n.calls.Done()
	merged, cancel := merge(ctx, n.ctx)
	defer cancel()
	err := n.engine.VNetNewHost(merged, name, n.registry)
	switch {
	case err == nil:
		return n.addHost(name)
	case n.down.Load():
		return nil, ErrNetDown
	default:
		return nil, ended(ctx, err)
	}
}

// checkName refuses what has no place in an address.
func checkName(name string) error {
	host, _, err := hostport.Parse(net.JoinHostPort(name, "0"), 0)
	if err != nil || host == "" || host != name {
		return &net.AddrError{Err: "invalid host name", Addr: name}
	}
	return nil
}

// enter counts a call of the engine, for which Close will wait. It waits for the end
// of a host of the same name that is being closed.
func (n *SubNetwork) enter(ctx context.Context, name string) error {
	for ctx.Err() == nil && !n.down.Load() {
		closing, entered := n.tryEnter(name)
		if entered {
			return nil
		}
		select {
		case <-closing:
		case <-ctx.Done():
		case <-n.ctx.Done():
		}
	}
	if n.down.Load() {
		return ErrNetDown
	}
	return ctx.Err()
}

// tryEnter counts the call, or returns what to wait for.
func (n *SubNetwork) tryEnter(name string) (closing <-chan struct{}, entered bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down.Load() {
		return n.ctx.Done(), false
	}
	if h := n.hosts[name]; h != nil && h.isDown() {
		return h.gone, false
	}
	n.calls.Add(1)
	return nil, true
}

// addHost enters a host that the engine has made, or has the engine forget it. The name
// can be that of a host which the engine has given up a moment ago: its end comes first.
func (n *SubNetwork) addHost(name string) (*Host, error) {
	h := newHost(n, name)
	n.mu.Lock()
	for old := n.hosts[name]; old != nil && old.isDown(); old = n.hosts[name] {
		n.mu.Unlock()
		<-old.gone
		n.mu.Lock()
	}
	down := n.down.Load()
	if !down {
		n.hosts[name] = h
		n.open++
	}
	n.mu.Unlock()
	if down {
		h.cancel()
		return nil, join([]error{ErrNetDown, n.forget(name, netDown)})
	}
	return h, nil
}

// merge returns a context that ends with either; its values are those of the first.
func merge(ctx, other context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(other, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

// ended returns the error of the caller's context itself where it is the reason.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil && isContext(err) {
		return ctx.Err()
	}
	return err
}
