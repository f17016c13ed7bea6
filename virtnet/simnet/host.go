package simnet

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// Host is a host of a simulated network. Make it with [Network.NewHost]. It is safe
// for concurrent use.
type Host struct {
	*virtnet.Host

	net   *Network
	name  string
	addrs []netip.Addr

	status atomic.Int32 // a hostStatus
	paused atomic.Bool
	skew   atomic.Int64

	mu        sync.Mutex
	why       cause // why it is down
	streams   ports
	datagrams ports
	conns     map[tuple]*Conn
	dialing   map[*Conn]struct{} // that have no port yet
	awaited   map[*Listener]int  // by how many dials, for a place in the backlog
	listeners map[netip.AddrPort]*Listener
	sockets   map[netip.AddrPort]*PacketConn

	// Guarded by the scheduler's run lock.
	held    []*job // until Resume
	leaving int    // conns that say goodbye still
	vacated bool   // its name and addresses are free
}

type hostStatus = int32

const (
	hostUp hostStatus = iota
	hostCrashed
	hostClosed
)

// tuple is what tells the streams of a host apart.
type tuple struct {
	local, remote [16]byte
	ports         uint32
}

func tupleOf(local, remote netip.AddrPort) tuple {
	return tuple{local.Addr().As16(), remote.Addr().As16(), uint32(local.Port())<<16 | uint32(remote.Port())}
}

func newHost(n *Network, name string, addrs []netip.Addr) *Host {
	return &Host{
		net: n, name: name, addrs: addrs,
		conns: map[tuple]*Conn{}, dialing: map[*Conn]struct{}{}, awaited: map[*Listener]int{}, listeners: map[netip.AddrPort]*Listener{}, sockets: map[netip.AddrPort]*PacketConn{},
	}
}

// Name returns the name of the host.
func (h *Host) Name() string { return h.name }

// Network returns the full name of the network.
func (h *Host) Network() string { return h.net.name }

// Addrs returns the addresses of the host.
func (h *Host) Addrs() []netip.Addr { return slices.Clone(h.addrs) }

// Now returns the time of the host's clock: that of the process, or of its bubble,
// and the skew. Timers and deadlines know no skew.
func (h *Host) Now() time.Time { return time.Now().Add(time.Duration(h.skew.Load())) }

// SetSkew sets by how much the host's clock is ahead; negative is behind.
func (h *Host) SetSkew(ahead time.Duration) { h.skew.Store(int64(ahead)) }

// self reports whether packets to an address stay on the host.
func (h *Host) self(a netip.Addr) bool { return a.IsLoopback() || slices.Contains(h.addrs, a) }

// keep enters a conn that was accepted, unless the host is down. Another one with the
// same addresses is one that the peer has given up long ago, for it uses its port again:
// it is reset.
func (h *Host) keep(c *Conn) bool {
	for {
		h.mu.Lock()
		ok, down, old := h.keepLocked(c), h.why != 0, h.conns[tupleOf(c.local, c.remote)]
		h.mu.Unlock()
		if ok || down {
			return ok
		}
		old.giveUp(peerReset)
	}
}

// keepLocked enters a conn, unless the host is down or another conn has its addresses.
func (h *Host) keepLocked(c *Conn) bool {
	t := tupleOf(c.local, c.remote)
	if h.why != 0 || h.conns[t] != nil {
		return false
	}
	h.conns[t], c.kept = c, true
	return true
}

// bind gives a conn that dials a port, and enters it.
func (h *Host) bind(c *Conn) cause {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.why != 0 {
		return h.why
	}
	port := h.free(&h.streams)
	if port == 0 {
		return h.bindShared(c)
	}
	c.owns = true
	c.local = netip.AddrPortFrom(c.local.Addr(), uint16(port)) //nolint:gosec // a port
	if !h.keepLocked(c) {
		h.streams.free(port)
		return h.bindShared(c)
	}
	return 0
}

// free takes a free port, 0 if there is none.
func (h *Host) free(p *ports) int {
	if h.net.cfg.Names {
		return p.first()
	}
	return p.ephemeral()
}

// bindShared gives a conn a port that conns to elsewhere have too.
func (h *Host) bindShared(c *Conn) cause {
	first, last := firstEphemeral, lastEphemeral
	if h.net.cfg.Names {
		first, last = 1, lastPort
	}
	for port := first; port <= last; port++ {
		local := netip.AddrPortFrom(c.local.Addr(), uint16(port))
		if h.listening(local) != nil || h.conns[tupleOf(local, c.remote)] != nil {
			continue
		}
		c.local, c.owns = local, true
		h.streams.share(port)
		h.keepLocked(c)
		return 0
	}
	return notLocal
}

// forget takes a conn out. Its port is free again.
func (h *Host) forget(c *Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.dialing, c)
	if c.kept {
		delete(h.conns, tupleOf(c.local, c.remote))
		c.kept = false
	}
	if c.owns {
		h.streams.free(int(c.local.Port()))
		c.owns = false
	}
}

// find returns the conn that a packet is for, nil if there is none.
func (h *Host) find(p *packet) *Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.conns[tupleOf(p.dst, p.src)]
	if c == nil || c.flow.Load() != p.flow {
		return nil
	}
	return c
}

// listener returns who listens there, nil if nobody does.
func (h *Host) listener(at netip.AddrPort) *Listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listening(at)
}

func (h *Host) listening(at netip.AddrPort) *Listener {
	if l := h.listeners[at]; l != nil {
		return l
	}
	return h.listeners[netip.AddrPortFrom(netip.Addr{}, at.Port())]
}

// drop takes a listener out.
func (h *Host) drop(l *Listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners[l.local] == l {
		delete(h.listeners, l.local)
		h.streams.free(int(l.local.Port()))
	}
}

// everything returns what the host has, in an order that does not depend on chance.
func (h *Host) everything() (conns []*Conn, listeners []*Listener, sockets []*PacketConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	conns = slices.AppendSeq(slices.Collect(maps.Keys(h.dialing)), maps.Values(h.conns))
	for _, l := range h.listeners {
		listeners = append(listeners, l)
	}
	for _, s := range h.sockets {
		sockets = append(sockets, s)
	}
	slices.SortFunc(conns, func(a, b *Conn) int {
		return cmp.Or(a.local.Compare(b.local), a.remote.Compare(b.remote))
	})
	return conns, listeners, sockets
}

// goDown says that the host is down. It reports false if it was already.
func (h *Host) goDown(status hostStatus, why cause) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.status.Load() == hostClosed || h.status.Load() == status {
		return false
	}
	h.status.Store(status)
	h.why = why
	return true
}

// awaits counts dials that wait for a listener.
func (h *Host) awaits(l *Listener, dials int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.awaited[l] += dials; h.awaited[l] == 0 {
		delete(h.awaited, l)
	}
}

// wakeDials wakes dials that wait for a listener: the host is down.
func (h *Host) wakeDials() {
	h.mu.Lock()
	awaited := slices.Collect(maps.Keys(h.awaited))
	h.mu.Unlock()
	for _, l := range awaited {
		l.mu.Lock()
		h.net.sched.wake(&l.room)
		l.mu.Unlock()
	}
}
