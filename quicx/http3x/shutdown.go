package http3x

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/strata-net/strata/quicx"
)

// drainTick is how often Shutdown looks for conns that can go.
const drainTick = 20 * time.Millisecond

// Shutdown lets the server end: no conn is accepted any more, requests in flight go on, and clients are told by GOAWAY to
// send no more; what they send nevertheless is refused in a way that lets them send it elsewhere. It waits until all
// requests are answered, and ends each conn whose client does not: as soon as that is without requests and nothing has
// been sent or received for three round trips, between 0.1 and 1 s. So a client that has vanished, or keeps its conn,
// holds nobody up. When ctx is done first it cuts the rest and returns an *Error that says how much that was and unwraps
// to that of ctx; handlers that go on in spite of the end of their context are not waited for.
//
// Shutdown may be called again, and at a time; after the end it returns nil.
func (s *Server) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return &Error{Op: "shutdown", Err: errors.New("the context is nil")}
	}
	s.drain()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for {
		if s.quiet() {
			s.finish()
			return nil
		}
		select {
		case <-s.ended:
			return nil
		default:
		}
		select {
		case <-s.ended:
			return nil
		case <-ctx.Done():
			return s.cut(ctx)
		case <-s.changed:
		case now := <-tick.C:
			s.nudge(now)
		}
	}
}

// Close ends all conns at once, and with them the contexts of the requests. It waits for Serve, not for handlers. A
// second Close does nothing.
func (s *Server) Close() error {
	s.drain()
	s.finish()
	return nil
}

// drain begins the end.
func (s *Server) drain() {
	s.mu.Lock()
	first := s.state == serving
	if first {
		s.state = draining
		close(s.draining)
	}
	s.mu.Unlock()
	if !first {
		return
	}
	s.endLookups()
	for _, l := range s.listening() {
		_ = l.Close() // the sockets stay open for the conns; finish waits for their end
	}
	s.handed.Wait()
	go func() {
		defer close(s.goneAway)
		// It returns when all conns and handlers have ended. Listeners are no business of it.
		_ = s.http.Shutdown(context.Background())
		s.notify()
	}()
}

// nudge ends the conns that can go.
func (s *Server) nudge(now time.Time) {
	for _, c := range s.all() {
		if c.spent(now) {
			c.close("")
		}
	}
}

// notify lets a Shutdown look again.
func (s *Server) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// quiet says whether there is nothing left.
func (s *Server) quiet() bool {
	select {
	case <-s.goneAway:
		return s.inFlight.Load() == 0
	default:
		return false
	}
}

// cut ends what is left and says what that was.
func (s *Server) cut(ctx context.Context) error {
	requests, conns := s.inFlight.Load(), len(s.all())
	s.finish()
	return &Error{Op: "shutdown", Err: fmt.Errorf("%d requests and %d conns were cut: %w", requests, conns, context.Cause(ctx))}
}

// finish closes all that is open. Only the first call does.
func (s *Server) finish() {
	s.mu.Lock()
	first := s.state != closed
	s.state = closed
	s.mu.Unlock()
	if !first {
		<-s.ended
		return
	}
	for _, c := range s.all() {
		c.close("")
	}
	now, cancel := context.WithCancel(context.Background())
	cancel()
	for _, l := range s.listening() {
		_ = l.Shutdown(now) // says how many conns it had to close, which is what they are for
	}
	s.serves.Wait()
	close(s.ended)
}

// listening returns the listeners.
func (s *Server) listening() []*quicx.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*quicx.Listener, 0, len(s.listeners))
	for l := range s.listeners {
		all = append(all, l)
	}
	return all
}
