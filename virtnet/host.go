package virtnet

import (
	"context"
	"sync"
	"sync/atomic"
)

// Host is a named host of a virtual network. Its ports are 1, 2, 3 and so on; every
// listener and every conn, dialled or accepted, has one of its own, the first free
// one unless it asks for another. Make it with [SubNetwork.NewHost]. It is safe for
// concurrent use.
type Host struct {
	net    *SubNetwork
	name   string
	stack  Stack           // the engine, if it keeps the sockets itself
	ctx    context.Context // ends when the host goes down
	cancel context.CancelFunc
	down   atomic.Int32 // a cause

	mu      sync.Mutex
	sockets sockets
	last    bool           // the network is closed after it
	calls   sync.WaitGroup // those of the stack

	closing atomic.Bool
	gone    chan struct{} // closed when nothing is left of the host
	err     error         // what Close returns
}

func newHost(n *SubNetwork, name string) *Host {
	h := &Host{net: n, name: name, gone: make(chan struct{})}
	h.stack, _ = n.engine.(Stack)
	h.ctx, h.cancel = context.WithCancel(n.ctx)
	return h
}

// Name returns the name of the host.
func (h *Host) Name() string { return h.name }

// Network returns the full name of the network.
func (h *Host) Network() string { return h.net.network }

// Close closes all listeners and conns of the host, and wakes whoever is blocked on
// one of them or in a call of the host, with [ErrHostDown]. Others cannot connect to
// the host any more, and can have its name. A second Close waits for the first one
// and returns the same.
func (h *Host) Close() error {
	last := h.mark()
	h.close()
	if last {
		return join([]error{h.err, h.net.Close()})
	}
	return h.err
}

// cause says why the host is down, the zero cause that it is not.
func (h *Host) cause() cause {
	if h.net.down.Load() {
		return netDown
	}
	return cause(h.down.Load())
}

func (h *Host) isDown() bool { return h.cause() != 0 }

// mark says that the host and all of its sockets are down. It reports whether the
// network has to be closed too, after the host: each time the same.
func (h *Host) mark() (last bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	down := max(h.cause(), hostDown)
	if h.down.CompareAndSwap(0, int32(down)) {
		for _, s := range h.sockets.all {
			s.mark(down)
		}
		h.last = h.net.leave()
	}
	return h.last
}

// leave counts a host that is not open any more, and reports whether the network
// has waited for that.
func (n *SubNetwork) leave() (last bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down.Load() {
		return false
	}
	n.open--
	return n.autoClose && n.open == 0
}

// close closes what was marked, or waits until somebody else has done it. A channel
// is waited for, not a lock: goroutines in a bubble of testing/synctest may do that.
func (h *Host) close() {
	if !h.closing.CompareAndSwap(false, true) {
		<-h.gone
		return
	}
	h.cancel()
	for _, s := range h.owners() {
		s.shut()
	}
	h.calls.Wait()
	h.err = h.net.forget(h.name, cause(h.down.Load()))
	h.net.remove(h)
	close(h.gone)
}

// owners returns what there is to close.
func (h *Host) owners() []owner {
	h.mu.Lock()
	defer h.mu.Unlock()
	var owners []owner
	for _, s := range h.sockets.all {
		if s.owner != nil {
			owners = append(owners, s.owner)
		}
	}
	return owners
}

// forget lets the engine forget a host.
func (n *SubNetwork) forget(hostname string, down cause) error {
	engine, ok := n.engine.(HostCloser)
	if !ok {
		return nil
	}
	err := engine.VNetCloseHost(hostname, down.err())
	if err == nil {
		return nil
	}
	err = &Error{Network: n.network, Op: opClose, Host: hostname, Err: err}
	if down == netDown {
		n.fail(err)
	}
	return err
}

// remove forgets a host that is closed.
func (n *SubNetwork) remove(h *Host) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.hosts, h.name)
}
