package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// errShutdown is the cause that a session sees which is cut at a shutdown.
var errShutdown = errors.New("the gateway is shutting down")

// An acceptor runs a function for each conn of a listener, and can end them.
type acceptor struct {
	log    *slog.Logger
	handle func(context.Context, net.Conn) // owns the conn; ends soon after the context

	base     context.Context // ends when what is in progress is cut
	cut      func()
	mu       sync.Mutex
	listener net.Listener
	closing  bool
	conns    sync.WaitGroup
}

func newAcceptor(log *slog.Logger, handle func(context.Context, net.Conn)) *acceptor {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &acceptor{
		log: log, handle: handle, base: ctx, cut: func() { cancel(errShutdown) },
	}
}

// serve accepts until shutdown. Any other end of the listener is an error.
func (a *acceptor) serve(l net.Listener) error {
	if !a.use(l) {
		return l.Close()
	}
	var pause backoff
	for {
		c, err := l.Accept()
		switch {
		case err == nil:
			pause.reset()
			a.begin(c)
		case a.stopped():
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default:
			a.log.Warn("accept", "error", err)
			pause.wait(a.base)
		}
	}
}

// use remembers what to close. It says false when it is too late.
func (a *acceptor) use(l net.Listener) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listener = l
	return !a.closing
}

func (a *acceptor) stopped() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.closing
}

// begin handles a conn. One that comes while the acceptor shuts down is refused
// like those after it.
func (a *acceptor) begin(c net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closing {
		reset(c)
		return
	}
	a.conns.Go(func() { a.handle(a.base, c) })
}

// shutdown closes the listener, waits for the conns until ctx is done, and cuts
// those that are left. It reports whether there were none.
func (a *acceptor) shutdown(ctx context.Context) bool {
	a.mu.Lock()
	a.closing = true
	l := a.listener
	a.mu.Unlock()
	if l != nil {
		l.Close()
	}
	return finish(ctx, &a.conns, a.cut)
}

// finish waits for wg until ctx is done; then it calls cut and waits again. It
// reports whether it could do without, and calls cut in any case.
func finish(ctx context.Context, wg *sync.WaitGroup, cut func()) bool {
	defer cut()
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		cut()
		<-done
		return false
	}
}

// backoff is the pause after an accept that failed for a reason that may pass,
// such as too many open files.
type backoff struct{ d time.Duration }

func (b *backoff) reset() { b.d = 0 }

// wait pauses for 5 ms, then twice as long each time, up to a second.
func (b *backoff) wait(ctx context.Context) {
	b.d = min(max(2*b.d, 5*time.Millisecond), time.Second)
	select {
	case <-time.After(b.d):
	case <-ctx.Done():
	}
}
