package simnet

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// PacketConn is a socket for datagrams. ListenPacket returns it, and a Dialer for "udp",
// whose sockets have a peer: then Read and Write work, and others are not heard. It is a
// [net.PacketConn] and a [net.Conn], and it is safe for concurrent use.
//
// A datagram that finds Config.BufferBytes in the socket is lost. A Write waits as long
// as so much of the socket has not left its host, which is paused for instance.
type PacketConn struct {
	host   *Host
	local  netip.AddrPort // without an IP: all addresses of the host
	remote netip.AddrPort // the peer, if there is one
	bound  time.Duration  // when it was opened: tells its flows from those of another

	mu         sync.Mutex
	cond       sync.Cond // for those who read
	room       sync.Cond // for those who write
	leaving    int       // bytes that have not left the host
	queue      []datagram
	bytes      int
	down       cause
	complaint  cause // what the next call fails with
	late       bool
	readTimer  *time.Timer
	writeTimer *time.Timer
	tooLate    bool                      // for writing
	numbers    map[netip.AddrPort]uint64 // of datagrams to an address
	near       atomic.Pointer[nearby]    // where the last one went
}

// datagram is one that waits.
type datagram struct {
	data []byte
	from netip.AddrPort
}

// nearby is a host that datagrams reach at once, as long as gen does not change.
type nearby struct {
	addr netip.Addr
	host *Host
	gen  uint64
}

// What a datagram needs in a socket beside its bytes, and the longest that UDP has.
const (
	datagramCost = 256
	maxDatagram  = 65507
)

// ListenPacket opens a socket for datagrams on "host:port", with the addresses of
// Listen. It is a [*PacketConn].
func (h *Host) ListenPacket(laddr string) (net.PacketConn, error) {
	local, err := h.place(laddr)
	if err != nil {
		return nil, h.listenError(UDP, local, err)
	}
	c, why := h.openPacket(local, netip.AddrPort{})
	if why != 0 {
		return nil, h.listenError(UDP, local, h.net.err(why, "bind"))
	}
	return c, nil
}

// openPacket opens a socket.
func (h *Host) openPacket(local, remote netip.AddrPort) (*PacketConn, cause) {
	if remote.IsValid() {
		a, ok := h.source(remote.Addr())
		if !ok {
			return nil, noFamily
		}
		local = netip.AddrPortFrom(a, 0)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.why != 0 {
		return nil, h.why
	}
	local, why := h.claim(&h.datagrams, local, func(port uint16) bool { return h.socketClashes(local.Addr(), port) })
	if why != 0 {
		return nil, why
	}
	c := &PacketConn{host: h, local: local, remote: remote, bound: h.net.Now()}
	c.cond.L, c.room.L = &c.mu, &c.mu
	h.sockets[local] = c
	return c, 0
}

func (h *Host) socketClashes(at netip.Addr, port uint16) bool {
	for s := range h.sockets {
		if s.Port() == port && (s.Addr() == at || !s.Addr().IsValid() || !at.IsValid()) {
			return true
		}
	}
	return false
}

// socket returns the socket that gets what is sent there, nil if there is none.
func (h *Host) socket(at netip.AddrPort) *PacketConn {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.sockets[at]; s != nil {
		return s
	}
	return h.sockets[netip.AddrPortFrom(netip.Addr{}, at.Port())]
}

// LocalAddr returns the address of the socket: a *net.UDPAddr, or a *virtnet.Addr where
// the network has names. If it is bound to all addresses of the host, this is the first
// of them, so that others can send to it.
func (c *PacketConn) LocalAddr() net.Addr { return c.host.addr(UDP, c.local) }

// RemoteAddr returns the address of the peer, nil if there is none.
func (c *PacketConn) RemoteAddr() net.Addr {
	if !c.remote.IsValid() {
		return nil
	}
	return c.host.net.addr(UDP, c.remote)
}

// SetDeadline sets when calls give up.
func (c *PacketConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets when Read and its like give up.
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	return c.set(&c.cond, &c.readTimer, &c.late, t)
}

// SetWriteDeadline sets when Write and its like give up.
func (c *PacketConn) SetWriteDeadline(t time.Time) error {
	return c.set(&c.room, &c.writeTimer, &c.tooLate, t)
}

func (c *PacketConn) set(cond *sync.Cond, timer **time.Timer, late *bool, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down != 0 {
		return c.opError("set", netip.AddrPort{}, c.host.net.err(c.down, "set"))
	}
	setDeadline(&c.mu, cond, timer, late, t)
	return nil
}

// Close closes the socket. The error is nil, also when it was closed before.
func (c *PacketConn) Close() error {
	c.shut(sockClosed)
	return nil
}

func (c *PacketConn) shut(why cause) {
	c.host.mu.Lock()
	if c.host.sockets[c.local] == c {
		delete(c.host.sockets, c.local)
		c.host.datagrams.free(int(c.local.Port()))
	}
	c.host.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down == 0 {
		c.down, c.queue, c.numbers = why, nil, nil
		stopTimer(&c.readTimer)
		stopTimer(&c.writeTimer)
		c.host.net.sched.wake(&c.cond)
		c.host.net.sched.wake(&c.room)
	}
}

// opError says what a call failed of.
func (c *PacketConn) opError(op string, to netip.AddrPort, err error) error {
	e := &net.OpError{Op: op, Net: c.host.net.proto(UDP), Source: c.LocalAddr(), Err: err}
	if !to.IsValid() {
		to = c.remote
	}
	if to.IsValid() {
		e.Addr = c.host.net.addr(UDP, to)
	}
	if op == "read" && c.host.net.cfg.Names {
		e.Source, e.Addr = e.Addr, e.Source
	}
	return e
}
