package dtlsx

import (
	"context"
	"net"
	"time"
)

// DialEvent is what [DialConfig.OnEvent] is told of a dial that has ended.
type DialEvent struct {
	// Context is the caller's, so that what is made of the event belongs to what the
	// caller does: the span of a dial is a child of the one in it.
	Context context.Context //nolint:containedctx // it is an argument of a call
	// Network and Address are what the caller asked for.
	Network, Address string
	// Start is when the dial began, Duration how long it took, its handshake
	// included.
	Start    time.Time
	Duration time.Duration
	// Local and Remote are the ends of the conn, nil without one.
	Local, Remote net.Addr
	// Err is what the caller gets, nil with a conn.
	Err error
}

// tell calls the hook, if there is one.
func (c *DialConfig) tell(e DialEvent, conn interface {
	LocalAddr() net.Addr
	RemoteAddr() net.Addr
},
) {
	e.Duration = time.Since(e.Start)
	if e.Err == nil {
		e.Local, e.Remote = conn.LocalAddr(), conn.RemoteAddr()
	}
	c.OnEvent(e)
}
