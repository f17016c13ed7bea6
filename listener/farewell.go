package listener

import (
	"net"
	"time"
)

// welcome tells the hook of a conn that Accept is about to return. If it was cut
// meanwhile, the end of it follows here.
func (g *gate) welcome(conn net.Conn) {
	e := Event{Kind: Accepted, Local: conn.LocalAddr(), Remote: conn.RemoteAddr()}
	l := linkOf(inner(conn))
	if l != nil {
		e.Duration = l.age()
	}
	g.onEvent(e)
	if l != nil && l.stage.Or(welcomed)&released != 0 {
		g.onEvent(l.farewell())
	}
}

// linkOf returns nil for a conn that is bare.
func linkOf(conn net.Conn) *link {
	switch c := conn.(type) {
	case *tcpConn:
		return &c.link
	case *unixConn:
		return &c.link
	}
	return nil
}

func (l *link) age() time.Duration { return time.Since(l.gate.opened) - l.born }

// farewell is what the hook is told of the end, if there is a hook. It asks the
// kernel, and so has to come before the close.
func (l *link) farewell() Event {
	if l.gate.onEvent == nil {
		return Event{}
	}
	e := Event{Kind: Closed, Local: l.localAddr(), Remote: l.remoteAddr(), Duration: l.age(), Received: -1, Sent: -1}
	if kernelCounts(l.raw, false) {
		if s, err := readSample(l.raw); err == nil {
			e.Received, e.Sent = int64(s.received), int64(s.written) //nolint:gosec // 8 EiB
		}
	}
	return e
}
