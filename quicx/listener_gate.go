package quicx

import (
	"container/list"
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/strata-net/strata/sockopt/access"
)

// gate decides which clients come in, and knows all that are.
//
// quic-go asks it twice about a first packet, before it spends anything on it:
// whether to answer with a Retry, and, when there is a token or none is needed,
// whether to begin the handshake.
type gate struct {
	config *ListenConfig // checked and filled
	rules  *access.Rules
	counts *access.Counts // conns from validated addresses
	places *access.Counts // the same of those that are pending

	events   [eventKinds]atomic.Int64
	accepted atomic.Int64
	retries  atomic.Int64

	mu          sync.Mutex
	tickets     map[*ticket]struct{}
	queue       *list.List // of tickets, for Accept
	pending     int        // tickets that handshake or are queued
	unvalidated int        // tickets whose address may be spoofed
	held        int        // tickets that were accepted
	phase       phase
	failure     error         // of a socket
	bell        chan struct{} // closed at the next change, nil while nobody waits

	finish func() // closes the sockets, when the listener is closed and the last conn has ended
}

// phase is how far the listener is with its life.
type phase uint8

const (
	serving  phase = iota
	draining       // nobody new, but what is in progress is finished
	closed         // nothing but what was accepted
)

// refusal is why quic-go shall answer CONNECTION_REFUSED. Nobody gets to see it.
var errRefused = errors.New("quicx: refused")

func newGate(c *ListenConfig) *gate {
	const share = 4 // of the places that one source may have
	width := access.Width{Bits4: c.SourceBits4, Bits6: c.SourceBits6}
	return &gate{
		config:  c,
		rules:   access.New(c.Allow, c.Deny),
		counts:  access.NewCounts(c.MaxConnsPerSource, width),
		places:  access.NewCounts(max(1, c.MaxHandshakes/share), width),
		tickets: map[*ticket]struct{}{},
		queue:   list.New(),
	}
}

// retry is quic-go's VerifySourceAddress: it decides whether a client without a
// token has to come back with one.
func (g *gate) retry(remote net.Addr) bool {
	addr := access.AddrOf(remote)
	if !g.rules.Admits(addr) || !g.asks(addr) {
		return false // then admit is next
	}
	g.retries.Add(1)
	return true
}

func (g *gate) asks(addr netip.Addr) bool {
	switch g.config.Retry {
	case RetryNever:
		return false
	case RetryAlways:
		return !g.closing()
	}
	return g.loaded() || (g.counts.Full(addr) && !g.closing())
}

// loaded reports whether so many handshakes are in progress with addresses that
// may be spoofed that the rest of the places is for others.
func (g *gate) loaded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase != serving {
		return false
	}
	most := g.config.RetryAbove
	if limit := g.config.MaxConns; limit > 0 {
		free := limit - len(g.tickets)
		if free <= 0 {
			return false // a token would not help
		}
		// A third of what was free before them, at most.
		most = min(most, free/2) //nolint:mnd // see above
	}
	return g.unvalidated >= most
}

// admit is quic-go's ConnContext: an error refuses the client.
func (g *gate) admit(ctx context.Context, s *shard, info *quic.ClientInfo) (context.Context, error) {
	t := &ticket{
		gate: g, shard: s.number, local: s.socket.udp.LocalAddr(),
		remote: info.RemoteAddr, addr: access.AddrOf(info.RemoteAddr),
	}
	if !g.rules.Admits(t.addr) {
		return nil, g.refuse(RefusedByRule, t)
	}
	if kind, ok := t.enter(info.AddrVerified); !ok {
		return nil, g.refuse(kind, t)
	}
	context.AfterFunc(ctx, func() { t.end(context.Cause(ctx)) })
	return context.WithValue(ctx, ticketKey{}, t), nil
}

func (g *gate) refuse(kind EventKind, t *ticket) error {
	if kind != 0 {
		g.happened(Event{Kind: kind, Local: t.local, Remote: t.remote})
	}
	return errRefused
}

// room says which limit one more client would exceed. The caller holds the lock.
func (g *gate) room() (kind EventKind, ok bool) {
	switch {
	case g.phase != serving:
		return 0, false
	case g.config.MaxConns > 0 && len(g.tickets) >= g.config.MaxConns:
		return RefusedByLimit, false
	case g.pending >= g.config.MaxHandshakes:
		return RefusedByHandshakes, false
	}
	return 0, true
}

// active returns how many conns are open.
func (g *gate) active() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.tickets)
}

// closing reports whether nobody new comes in.
func (g *gate) closing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.phase != serving
}

// advance goes on to a phase, unless it was reached before.
func (g *gate) advance(to phase) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.phase = max(g.phase, to)
	g.ring()
}

// ring wakes those who wait for a change. The caller holds the lock.
func (g *gate) ring() {
	if g.bell != nil {
		close(g.bell)
		g.bell = nil
	}
}

// wait returns when a condition holds, which is looked at under the lock, or the
// context's error.
func (g *gate) wait(ctx context.Context, holds func() bool) error {
	for {
		g.mu.Lock()
		if holds() {
			g.mu.Unlock()
			return nil
		}
		if g.bell == nil {
			g.bell = make(chan struct{})
		}
		bell := g.bell
		g.mu.Unlock()
		select {
		case <-bell:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// next returns the conn that waits for the longest time, or over if there will be
// none. The caller holds the lock.
func (g *gate) next() (c *quic.Conn, over error) {
	if front := g.queue.Front(); front != nil && g.phase != closed {
		t := front.Value.(*ticket) //nolint:forcetypeassert // there are no others
		t.leave()
		t.accepted = true
		t.settle()
		g.held++
		g.accepted.Add(1)
		return t.conn, nil
	}
	switch {
	case g.failure != nil:
		return nil, g.failure
	case g.phase == closed, g.phase == draining && g.pending == 0:
		return nil, quic.ErrServerClosed
	}
	return nil, nil //nolint:nilnil // neither yet
}

// fail notes that a socket does not work any more.
func (g *gate) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phase != closed && g.failure == nil {
		g.failure = err
		g.ring()
	}
}

// conns returns those that Accept has returned, or those that it has not.
func (g *gate) conns(accepted bool) []*quic.Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	var conns []*quic.Conn
	for t := range g.tickets {
		if t.conn != nil && t.accepted == accepted {
			conns = append(conns, t.conn)
		}
	}
	return conns
}
