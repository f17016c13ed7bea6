package listener

import (
	"errors"
	"net"
	"net/netip"

	"github.com/strata-net/strata/sockopt/access"
)

// visitor is a conn on its way from a socket to Accept.
type visitor struct {
	net.Conn            // bare, or the wrapper
	stream   *stream    // where it came in
	link     *link      // nil if it is bare
	peer     netip.Addr // zero if it is not an IP peer
	header   bool       // it has to begin with a PROXY header
}

// next returns the next conn of a socket that all rules and limits admit. A
// failure that passes is waited for.
func (g *gate) next(s *stream) (visitor, error) {
	var t ticket
	if g.slots.early() {
		if !g.slots.take(g.done) {
			return visitor{}, s.failed("accept", net.ErrClosed)
		}
		t.slot = true
	}
	g.taking.RLock()
	defer g.taking.RUnlock()
	var pause backoff
	for {
		raw, err := s.Listener.Accept()
		if err != nil {
			if g.pause(&pause, s, err) {
				continue
			}
			g.giveBack(t)
			if g.closed() || errors.Is(err, net.ErrClosed) {
				err = net.ErrClosed
			}
			return visitor{}, s.failed("accept", err)
		}
		pause.reset()
		v, err := g.admit(s, raw, t)
		if v.Conn != nil {
			return v, nil
		}
		if err != nil {
			g.giveBack(t)
			return visitor{}, err
		}
	}
}

// admit returns the conn if nothing speaks against it. Then it has the ticket;
// otherwise the caller still has it, and the conn is closed.
func (g *gate) admit(s *stream, raw net.Conn, early ticket) (visitor, error) {
	t := early
	v := visitor{Conn: raw, stream: s, peer: access.AddrOf(raw.RemoteAddr())}
	if why := g.check(&v, &t); why != 0 {
		g.giveBack(t.without(early))
		g.refuse(why, raw)
		return visitor{}, nil
	}
	if gone, err := s.ready(raw); gone || err != nil {
		g.giveBack(t.without(early))
		return visitor{}, err
	}
	if g.tracker == nil {
		return v, nil
	}
	v.Conn, v.link = g.wrap(raw, t)
	if !g.tracker.add(v.link) {
		raw.Close()
		g.giveBack(t.without(early))
		return visitor{}, s.failed("accept", net.ErrClosed)
	}
	if !v.header { // that has a timeout of its own
		v.link.guard.begin(s)
	}
	return v, nil
}

// check asks rules and limits in their order. It returns what speaks against
// the peer, 0 if nothing does, and notes on the ticket what was taken.
func (g *gate) check(v *visitor, t *ticket) EventKind {
	if !g.rules.Admits(v.peer) {
		return RefusedByRule
	}
	header, welcome := g.proxy.expects(v.peer)
	if !welcome {
		return RefusedUntrusted
	}
	// A header that is to come tells whom to count.
	if v.header = header; !header && !g.takeSource(v.peer, t) {
		return RefusedBySource
	}
	if !g.pace.take(g.done) {
		return RefusedByRate
	}
	if !t.slot {
		if !g.slots.take(g.done) {
			return RefusedByLimit
		}
		t.slot = g.slots != nil
	}
	return 0
}

// refuse closes a conn at once. It is reset, because a plain close would leave a
// socket behind in FIN-WAIT or TIME-WAIT for each of a flood of peers.
func (g *gate) refuse(why EventKind, raw net.Conn) {
	event := Event{Kind: why, Local: raw.LocalAddr(), Remote: raw.RemoteAddr()}
	g.happened(event, func() { reset(raw) })
}

// reset closes a conn without a goodbye.
func reset(raw net.Conn) {
	if c, ok := raw.(*net.TCPConn); ok {
		c.SetLinger(0) //nolint:errcheck // closed in any case
	}
	raw.Close()
}

// ready puts the options in force. It reports whether the client has left
// meanwhile, which is no failure. If it has, or if it fails, the conn is closed.
func (l *stream) ready(conn net.Conn) (gone bool, _ error) {
	err := l.prepare(conn)
	if err == nil {
		return false, nil
	}
	gone = peerGone(conn, err)
	conn.Close()
	if gone {
		return true, nil
	}
	e := l.failed("set option", err)
	e.temporary = true
	return false, e
}
