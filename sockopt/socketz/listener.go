package socketz

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// Listener shows the registry a listener and, from now on, each conn that it accepts, with the options that were asked
// of both. Conns are handed on as they are: nothing wraps them, so they keep all their methods. What a program wants to
// tell beyond that, as the Stats of a listener of its own, is for [Registry.Add].
//
// The listener that is returned has SyscallConn, if l has. Close closes l. A nil l is an error, as is one that is not a
// pointer.
func (r *Registry) Listener(name string, l net.Listener, wanted sockopt.Options) (net.Listener, error) {
	w := &watched{Listener: l, registry: r, name: name, wanted: wanted, tally: &tally{}}
	tally := w.tally // not w, which leads to l
	var err error
	w.remove, err = r.Add(Socket{
		Name: name, Role: Listening, Conn: l, Options: wanted, Counters: func(any) any { return tally.values() },
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// watched is a listener that shows what it accepts.
type watched struct {
	net.Listener

	registry *Registry
	name     string
	wanted   sockopt.Options
	tally    *tally
	remove   func()
}

// A tally is what a watched listener counts.
type tally struct{ accepted, unseen atomic.Int64 }

// values is the form that is shown. Unseen are conns that cannot be shown, since they are no pointers.
func (t *tally) values() any {
	return struct{ Accepted, Unseen int64 }{t.accepted.Load(), t.unseen.Load()}
}

// Accept shows the registry what it returns.
func (w *watched) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w.tally.accepted.Add(1)
	if _, err := w.registry.Add(Socket{Name: w.name, Conn: c, Options: w.wanted}); err != nil {
		w.tally.unseen.Add(1)
	}
	return c, nil
}

// Close closes the listener.
func (w *watched) Close() error {
	w.remove()
	return w.Listener.Close()
}

// SyscallConn is that of the listener beneath.
func (w *watched) SyscallConn() (syscall.RawConn, error) {
	c, ok := w.Listener.(syscall.Conn)
	if !ok {
		return nil, &Error{Op: "add", Field: "Conn", Value: "the listener", Err: errors.ErrUnsupported}
	}
	return c.SyscallConn()
}
