package virtnet

import (
	"context"
	"net"
)

// A notifier is the engine's view of a subnetwork.
type notifier struct{ net *SubNetwork }

// VNetAccept waits for an Accept of the listener at dst.
func (n notifier) VNetAccept(ctx context.Context, src, dst *Addr, netconn net.Conn) (*Accept, error) {
	h := n.net.Host(dst.Host)
	if h == nil {
		return nil, ErrConnRefused
	}
	l := h.listener(dst.Port)
	if l == nil {
		return nil, ErrConnRefused
	}
	return l.offer(ctx, src, netconn)
}

// listener returns the one on a port, nil if there is none.
func (h *Host) listener(port int) *listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sockets.all[port]
	if s == nil {
		return nil
	}
	l, _ := s.owner.(*listener)
	return l
}

// VNetDown takes the network down. What an engine says when it is closed, or a
// second time, is no news.
func (n notifier) VNetDown(err error) {
	if !n.net.down.Load() {
		n.net.fail(err)
	}
	n.net.shutdown()
}
