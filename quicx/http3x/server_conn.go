package http3x

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// conn is what the server knows of a conn.
type conn struct {
	server *Server
	quic   *quic.Conn

	mu       sync.Mutex
	inFlight int64
	idle     *time.Timer // runs while nothing is in flight

	// For the drain.
	packets uint64    // that were sent and received
	quiet   time.Time // since when there were no more of them
	last    time.Time // when a request was in flight
}

// admit takes a conn, unless the server has ended.
func (s *Server) admit(q *quic.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != serving {
		return false
	}
	c := &conn{server: s, quic: q}
	c.idle = time.AfterFunc(s.cfg.IdleTimeout, c.expire)
	s.conns[q] = c
	// http3 must not be shut down between Accept and the moment when it counts the conn: it would panic.
	s.handed.Add(1)
	context.AfterFunc(q.Context(), func() { s.forget(c) })
	return true
}

// forget drops a conn that has ended.
func (s *Server) forget(c *conn) {
	c.mu.Lock() // a request that ends may be about to start it
	c.idle.Stop()
	c.mu.Unlock()
	s.mu.Lock()
	delete(s.conns, c.quic)
	s.mu.Unlock()
	s.notify()
}

type connKey struct{}

// connContext is called by http3 for each conn.
func (s *Server) connContext(ctx context.Context, q *quic.Conn) context.Context {
	s.handed.Done()
	s.mu.Lock()
	c := s.conns[q]
	s.mu.Unlock()
	if c == nil { // it has ended already
		c = &conn{server: s, quic: q, idle: time.NewTimer(0)}
	}
	ctx = context.WithValue(ctx, connKey{}, c)
	if s.cfg.ConnContext != nil {
		ctx = s.cfg.ConnContext(ctx, q)
	}
	return ctx
}

// expire ends a conn without requests.
func (c *conn) expire() {
	c.mu.Lock()
	idle := c.inFlight == 0
	c.mu.Unlock()
	if idle {
		c.close("idle timeout")
	}
}

// close ends the conn.
func (c *conn) close(why string) { _ = c.quic.CloseWithError(noError, why) }

// begin counts a request. When the client has reset it, and the handler has noticed by a read and a write, it makes room
// for another one, though its handler may go on: a client that has many more handlers than it may have streams is one that
// does this on purpose.
func (c *conn) begin() bool {
	limit := 2 * c.server.mostStreams.Load()
	c.mu.Lock()
	if c.inFlight >= limit {
		c.mu.Unlock()
		c.server.refused.Add(1)
		err := fmt.Errorf("%d requests of a conn are in flight, most of them reset", limit)
		c.server.report(&Error{Op: "serve", Address: c.quic.RemoteAddr().String(), Err: err})
		_ = c.quic.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), "too many requests in flight")
		return false
	}
	defer c.mu.Unlock()
	c.inFlight++
	c.idle.Stop()
	c.server.requests.Add(1)
	c.server.inFlight.Add(1)
	return true
}

// end counts the end of a request.
func (c *conn) end() {
	c.mu.Lock()
	c.inFlight--
	if c.inFlight == 0 && c.quic.Context().Err() == nil {
		c.idle.Reset(c.server.cfg.IdleTimeout)
	}
	c.mu.Unlock()
	c.server.inFlight.Add(-1)
	c.server.notify()
}

// Bounds of how long a conn that is drained has to be quiet after its last request.
const (
	minQuiet = 100 * time.Millisecond
	maxQuiet = time.Second
	// maxLinger is for conns that are never quiet.
	maxLinger = 5 * time.Second
)

// spent says whether a conn that is drained can go: it has no request in flight, and nothing was sent or received for
// three round trips, so that the last response has arrived. Clients that know GOAWAY have left before.
func (c *conn) spent(now time.Time) bool {
	stats := c.quic.ConnectionStats()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inFlight > 0 || c.last.IsZero() {
		c.last, c.quiet = now, now
	}
	if n := stats.PacketsSent + stats.PacketsReceived; n != c.packets {
		c.packets, c.quiet = n, now
	}
	const roundTrips = 3
	enough := min(max(minQuiet, roundTrips*stats.SmoothedRTT), maxQuiet)
	return now.Sub(c.quiet) >= enough || now.Sub(c.last) >= maxLinger
}

// Stats are the counters of a Server.
type Stats struct {
	// Conns are open now, Idle of them without a request in flight.
	Conns, Idle int
	// InFlight requests have a handler now, or a stream that their handler has taken over. Requests is how many there were.
	InFlight, Requests int64
	// Stalled requests were cut by StallTimeout or StreamTimeout.
	Stalled int64
	// Refused conns were ended because of too many requests that were reset.
	Refused int64
}

// Stats returns the counters as they are now. Those of the listeners are told by ServerConfig.Listen.OnEvent.
func (s *Server) Stats() Stats {
	n := Stats{
		InFlight: s.inFlight.Load(), Requests: s.requests.Load(),
		Stalled: s.stalled.Load(), Refused: s.refused.Load(),
	}
	for _, c := range s.all() {
		n.Conns++
		c.mu.Lock()
		if c.inFlight == 0 {
			n.Idle++
		}
		c.mu.Unlock()
	}
	return n
}

// all returns the conns.
func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		all = append(all, c)
	}
	return all
}
