package virtnet

import (
	"sync/atomic"

	"github.com/strata-net/strata/virtnet/internal/port"
)

// A socket is what has a port of a host: a listener, or a conn, which has it from
// before the dial on.
type socket struct {
	host  *Host
	local Addr
	down  atomic.Int32 // a cause, chosen once
	owner owner        // nil while it is being dialled; the host's lock guards it
}

// An owner of a socket can be closed by its host.
type owner interface {
	shut() // wakes everybody; the second time it does nothing
}

// mark says that the socket is down. The first cause remains.
func (s *socket) mark(down cause) { s.down.CompareAndSwap(0, int32(down)) }

// markClosed says that its user has closed the socket, unless the host or the
// network is down.
func (s *socket) markClosed() { s.mark(max(s.host.cause(), sockDown)) }

// cause returns the sentinel of what took the socket down, nil while it is up.
func (s *socket) cause() error { return cause(s.down.Load()).err() }

// Sockets are those of a host, by port. The host's lock guards them.
type sockets struct {
	all   map[int]*socket
	ports port.Set
	peak  int // most that there were
}

// bind gives s a port: the one that it asks for, or the first free one if that is
// 0. It reports whether the port was free.
func (t *sockets) bind(s *socket) bool {
	if s.local.Port == 0 {
		s.local.Port = t.ports.First()
	}
	if t.all[s.local.Port] != nil {
		return false
	}
	if t.all == nil {
		t.all = make(map[int]*socket)
	}
	t.all[s.local.Port] = s
	t.ports.Add(s.local.Port)
	t.peak = max(t.peak, len(t.all))
	return true
}

// free gives the port back, if s still has it.
func (t *sockets) free(s *socket) {
	if t.all[s.local.Port] != s {
		return
	}
	delete(t.all, s.local.Port)
	t.ports.Remove(s.local.Port)
	if len(t.all) == 0 && t.peak > 1000 {
		*t = sockets{} // maps and bitmaps do not shrink by themselves
	}
}

// bind gives s a port of the host; on a host that is down, s is down from the
// start. It reports whether the port was free.
func (h *Host) bind(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.mark(h.cause())
	return h.sockets.bind(s)
}

// free gives the port of s back.
func (h *Host) free(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets.free(s)
}

// own hands the socket to its owner, which the host can close from now on. It
// reports whether the socket was still up.
func (h *Host) own(s *socket, o owner) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.cause() != nil {
		return false
	}
	s.owner = o
	return true
}
