package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
)

// errShutdown is the cause that a session sees which is cut at a shutdown, and why
// a reload comes too late.
var errShutdown = errors.New("the gateway is shutting down")

// A draining listener can wait for its conns, as those of package listener do
// that track them, and those of package udpsession.
type draining interface {
	net.Listener
	// Shutdown closes the listener and waits until its conns are closed.
	Shutdown(ctx context.Context) error
}

// An acceptor runs a function for each conn of a listener, and can end them.
type acceptor struct {
	log      *slog.Logger
	listener draining
	handle   func(context.Context, net.Conn) // closes the conn; ends soon after the context
	note     func(conn any) (forget func())  // shows it on the admin page; nil: does not

	base   context.Context // ends when what is in progress is cut
	cut    func()
	conns  sync.WaitGroup
	wasCut atomic.Bool // one of them
}

func newAcceptor(l draining, log *slog.Logger, handle func(context.Context, net.Conn)) *acceptor {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &acceptor{
		log: log, listener: l, handle: handle, base: ctx, cut: func() { cancel(errShutdown) },
	}
}

// serve accepts until shutdown. What keeps a single conn from being accepted is
// no reason to end; the listener itself waits for what the system lacks.
func (a *acceptor) serve() error {
	for {
		c, err := a.listener.Accept()
		switch {
		case err == nil:
			a.conns.Go(func() { a.run(c) })
		case errors.Is(err, net.ErrClosed):
			return nil
		case !passes(err):
			return err
		default:
			a.log.Warn("accept", "error", err)
		}
	}
}

// run handles one conn.
func (a *acceptor) run(c net.Conn) {
	if a.note != nil {
		defer a.note(c)()
	}
	a.handle(a.base, c)
	if a.base.Err() != nil {
		a.wasCut.Store(true)
	}
}

// passes says whether an error of Accept concerns one conn only.
func passes(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// shutdown closes the listener, waits for the conns until ctx is done, and cuts
// those that are left. It reports whether there were none. The listener could
// cut them too, but not so that the peers see it as what it is; what it does
// for clients that are not accepted yet, such as a handshake, ends by its Close.
func (a *acceptor) shutdown(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, func() {
		a.cut()
		a.listener.Close() // closed already, but for those
	})
	if err := a.listener.Shutdown(context.Background()); err != nil {
		a.log.Warn("shutdown", "error", err)
	}
	a.conns.Wait()
	stop()
	return !a.wasCut.Load()
}
