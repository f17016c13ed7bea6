package simnet

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/virtnet"
)

// phase is how far a conn has come.
type phase = uint32

const (
	phaseNew      phase = iota // nobody knows it
	phaseDialing               // sends SYN
	phaseAccepted              // has answered a SYN
	phaseOpen                  // both ends know
	phaseGone                  // the host does not know it any more
)

// Conn is one end of a stream. Dial and Accept return it. It is a [net.Conn] with
// CloseWrite, and it is safe for concurrent use.
//
// It does what a kernel's does: bytes are buffered; what came before the peer's end
// or reset can still be read; Close with bytes that nobody has read resets the conn,
// and so does the host of a closed conn that gets more bytes.
type Conn struct {
	host    *Host
	in, out *half
	peer    *Conn
	waits   atomic.Pointer[Listener] // whose backlog counts the conn before it is open
	course  *course                  // nil where nothing was scheduled
	local   netip.AddrPort
	remote  netip.AddrPort
	flow    atomic.Uint64
	phase   atomic.Uint32 // a phase

	packets atomic.Uint32 // that were noted, while nothing was scheduled

	closed  atomic.Bool // by the user
	pushing atomic.Bool // a job is entered
	aborted atomic.Bool // a RST is to be sent
	over    bool        // both directions are at their end; the scheduler's
	kept    bool        // in the host's table; guarded by the host's lock
	owns    bool        // the local port is this conn's; guarded by the host's lock
	first   bool        // the end that dialled
}

// course is what the scheduler knows of an end.
type course struct {
	number   uint64        // of packets sent
	attempts int           // of SYN, its answer, or the goodbye
	since    time.Duration // when the first one was sent
	next     time.Duration // when the next one will be
	idle     time.Duration // when the host forgets a closed conn; 0: not yet
	expires  time.Duration // when the job comes that looks after the conn
	expiring bool          // there is one
	ackNow   bool          // an ACK is to be sent
	goodbye  Step          // what the conn of a closed host sends until it is heard; 0: nothing
}

// pair is a stream in one piece of memory.
type pair struct {
	ends  [2]Conn
	halfs [2]half
}

// newPair makes a stream; ends[0] is the one that dials.
func newPair(n *Network) *pair {
	p := new(pair)
	for i := range 2 {
		p.ends[i].in, p.ends[i].out = &p.halfs[1-i], &p.halfs[i]
		p.ends[i].peer = &p.ends[1-i]
		p.halfs[i].cond.L, p.halfs[i].sched = &p.halfs[i].mu, &n.sched
	}
	p.ends[0].first = true
	return p
}

// plan makes what the scheduler needs.
func (p *pair) plan() *pair {
	p.ends[0].course, p.ends[1].course = new(course), new(course)
	return p
}

// LocalAddr returns the address of this end: a *net.TCPAddr, or a *virtnet.Addr
// where the network has names.
func (c *Conn) LocalAddr() net.Addr { return c.host.addr(TCP, c.local) }

// RemoteAddr returns the address of the other end, as this end sees it.
func (c *Conn) RemoteAddr() net.Addr {
	if to := c.peer.host; to != nil && c.host.net.cfg.Names && to.self(c.remote.Addr()) {
		return to.addr(TCP, c.remote) // also when the host is no more
	}
	return c.host.net.addr(TCP, c.remote)
}

// SetDeadline sets when Read and Write give up.
func (c *Conn) SetDeadline(t time.Time) error {
	return c.set(func() {
		c.in.setReadDeadline(t)
		c.out.setWriteDeadline(t)
	})
}

// SetReadDeadline sets when Read gives up.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.set(func() { c.in.setReadDeadline(t) })
}

// SetWriteDeadline sets when Write gives up.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.set(func() { c.out.setWriteDeadline(t) })
}

func (c *Conn) set(deadline func()) error {
	if !c.closed.Load() {
		deadline()
		return nil
	}
	c.in.mu.Lock()
	why := c.in.readFault
	c.in.mu.Unlock()
	return c.opError("set", c.host.net.err(or(why, sockClosed), "set"))
}

// errLate is the error of an operation whose deadline has passed.
var errLate = os.ErrDeadlineExceeded

// opError says what an operation failed of.
func (c *Conn) opError(op string, err error) error {
	if err == io.ErrClosedPipe { //nolint:errorlint // as pipes have it, without a wrapper
		return err
	}
	e := &net.OpError{Op: op, Net: c.host.net.proto(TCP), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
	if op == "read" && c.host.net.cfg.Names {
		e.Source, e.Addr = e.Addr, e.Source // the way of the bytes, as virtnet has it
	}
	return e
}

// proto is what an error says that a socket is of.
func (n *Network) proto(p Protocol) string {
	if n.cfg.Names {
		return n.name
	}
	return p.String()
}

// addr returns an address in the form that the network has.
func (n *Network) addr(p Protocol, a netip.AddrPort) net.Addr {
	switch {
	case n.cfg.Names:
		name := n.nameOf(a.Addr())
		if name == "" {
			name = a.Addr().String()
		}
		return &virtnet.Addr{Net: n.name, Host: name, Port: int(a.Port())}
	case p == TCP:
		return net.TCPAddrFromAddrPort(a)
	}
	return net.UDPAddrFromAddrPort(a)
}

// addr returns an address of the host. One without an IP is the first one.
func (h *Host) addr(p Protocol, a netip.AddrPort) net.Addr {
	if h.net.cfg.Names {
		return &virtnet.Addr{Net: h.net.name, Host: h.name, Port: int(a.Port())}
	}
	if !a.Addr().IsValid() {
		a = netip.AddrPortFrom(h.addrs[0], a.Port())
	}
	return h.net.addr(p, a)
}
