package httpx

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// drainTick is how often Shutdown looks for conns that have become idle.
	drainTick = 20 * time.Millisecond
	// http3Grace is how long a conn of HTTP/3 without requests may take to go
	// away. A client that has vanished never does.
	http3Grace = time.Second
	// idleGrace is what a conn of HTTP/1 that is idle has left. A request that is
	// on its way, and even one that is there already, would be lost otherwise.
	idleGrace = 100 * time.Millisecond
	// silentGrace is for a conn that has sent nothing at all, from its start.
	silentGrace = 5 * time.Second
)

// Shutdown lets the server end: no conn is accepted any more, requests in flight
// go on, and clients are told to send no more: by Connection: close, by GOAWAY,
// and by closing idle conns. It waits until all requests are answered and all
// conns are closed, those too that a handler has hijacked, see Draining. When
// ctx is done first it cuts the rest and returns an *Error that says how much
// that was and unwraps to that of ctx; handlers that go on in spite of the end
// of their context are not waited for. A conn that has sent nothing yet has 5 s
// from its start.
//
// A listener with a method Shutdown, as those of package listener, is shut down
// by that, so that clients whose handshake is in progress are served too.
//
// Shutdown may be called again, and at a time; after the end it returns nil.
func (s *Server) Shutdown(ctx context.Context) error {
	wait := s.drain()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for ; ; wait = false {
		if !wait {
			s.tell()
			s.nudge()
		}
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
		case <-tick.C:
		}
	}
}

// Close closes all listeners and conns at once and ends the contexts of the
// requests. It waits for Serve, not for handlers. A second Close does nothing.
func (s *Server) Close() error {
	s.drain()
	s.finish()
	return nil
}

// drain begins the end. A client that is told to go away must not find a listener
// open, as the kernel resets what that has not accepted: plain ones are closed
// before anybody is told, and wait says that others take a moment to.
func (s *Server) drain() (wait bool) {
	plain, wait := s.beginDrain()
	for _, l := range plain {
		l.Close()
	}
	return wait
}

// tell lets clients of HTTP/1 and handlers know of the end.
func (s *Server) tell() {
	s.told.Do(func() { close(s.draining) })
}

// beginDrain starts what takes time, and returns the listeners that do not. Who comes
// second waits for what the first one does.
func (s *Server) beginDrain() (plain []io.Closer, wait bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != serving {
		return nil, s.state == draining
	}
	s.state = draining
	for source, kind := range s.sources {
		if kind != kindListener {
			continue
		}
		if _, ok := source.(graceful); !ok {
			plain = append(plain, source)
			continue
		}
		wait = true
		s.task(func() { closeListener(s.ctx, source) })
	}
	if s.h3 != nil {
		s.task(s.drainHTTP3)
	}
	return plain, wait
}

// graceful is a listener that closes at once in Shutdown, and then waits for its
// conns.
type graceful interface {
	Shutdown(ctx context.Context) error
}

// closeListener closes a listener gracefully if it can.
func closeListener(ctx context.Context, l io.Closer) {
	if g, ok := l.(graceful); ok {
		_ = g.Shutdown(ctx) // a Close that came first, or ctx: the server sees both itself
		return
	}
	l.Close()
}

// drainHTTP3 shuts HTTP/3 down. Its conns end by themselves, or when there were
// no requests for a while.
func (s *Server) drainHTTP3() {
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.h3.Shutdown(ctx) // whatever it says, Close follows
	}()
	tick := time.NewTicker(drainTick)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ended:
			cancel()
			s.h3.Close()
			s.closePackets()
			return
		case now := <-tick.C:
			if s.requests[protocolHTTP3].inFlight.Load() > 0 {
				last = now
			} else if now.Sub(last) > http3Grace {
				cancel()
			}
		}
	}
}

// closePackets closes the packet conns.
func (s *Server) closePackets() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for source, kind := range s.sources {
		if kind == kindPackets {
			source.Close()
		}
	}
}

// task runs f in a goroutine that Shutdown and Close wait for. With s.mu held.
func (s *Server) task(f func()) {
	s.tasks++
	s.work.Go(func() {
		f()
		s.mu.Lock()
		s.tasks--
		s.mu.Unlock()
		s.notify()
	})
}

// notify lets a Shutdown look again.
func (s *Server) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// isEnding says whether Shutdown or Close has begun, though it may not be announced yet.
func (s *Server) isEnding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != serving
}

func (s *Server) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// nudge tells conns that have become idle, or came late, to end. Requests of
// HTTP/1 are told by Connection: close, see announce.
func (s *Server) nudge() {
	s.conns.nudge()
	_ = s.h2.Shutdown(s.ctx) // has neither listeners nor conns of its own: returns at once
}

// quiet says whether there is nothing left.
func (s *Server) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tasks == 0 && s.conns.open.Load() == 0 && s.inFlight() == 0
}

// cut ends what is left and says what that was.
func (s *Server) cut(ctx context.Context) error {
	requests, conns := s.inFlight(), s.conns.open.Load()
	s.finish()
	return &Error{Op: "shutdown", Err: fmt.Errorf("%d requests and %d conns were cut: %w", requests, conns, context.Cause(ctx))}
}

// finish closes all that is open. Only the first call does.
func (s *Server) finish() {
	s.mu.Lock()
	first := s.state != closed
	s.state = closed
	s.mu.Unlock()
	s.tell()
	if !first {
		<-s.ended
		return
	}
	s.cancel(http.ErrServerClosed)
	_ = s.http.Close() // what it says of listeners is not news
	s.conns.closeAll()
	s.work.Wait()
	close(s.ended)
}
