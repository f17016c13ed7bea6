package listener

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// settle closes the sockets and lets Accept have the conns that were taken from
// them before: another process may have the sockets now, but not those.
func (g *gate) settle(ctx context.Context) {
	if g.closed() {
		return
	}
	g.stop() //nolint:errcheck // Close returns the same error
	settled := make(chan struct{})
	go func() { // ends soon after Close at the latest
		g.settled()
		close(settled)
	}()
	select {
	case <-settled:
	case <-ctx.Done():
	case <-g.done:
	}
}

// settled waits until no conn is on its way to Accept. The sockets are closed.
func (g *gate) settled() {
	if g.queue != nil {
		g.queue.group.Wait()
	}
	g.taking.Lock()
	defer g.taking.Unlock()
}

// Shutdown closes the listener and waits for the open conns.
func (g *gate) Shutdown(ctx context.Context) error {
	failed := func(err error) error { return g.streams[0].failed("shutdown", err) }
	if ctx == nil {
		return failed(errors.New("the context is nil"))
	}
	g.settle(ctx)
	err := g.Close()
	if errors.Is(err, net.ErrClosed) { // by the caller, before
		err = nil
	}
	g.settled() // another goroutine may be inside of Close
	if g.tracker == nil {
		e := g.streams[0].failed("shutdown", fmt.Errorf("nobody counts the conns: %w", errors.ErrUnsupported))
		e.Field, e.Value = "Track", "false"
		return errors.Join(err, e)
	}
	defer g.sweeper.wait()
	left := g.tracker.wait(ctx)
	if len(left) == 0 {
		return err
	}
	for _, l := range left {
		l.close()
	}
	return errors.Join(err, failed(fmt.Errorf("closed %d open conns: %w", len(left), context.Cause(ctx))))
}
