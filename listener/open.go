package listener

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// openAll opens the sockets of a Config that is valid: all of them, or none.
func openAll(ctx context.Context, c *Config) ([]*stream, error) {
	addresses, err := c.addresses()
	if err != nil {
		return nil, err
	}
	all := make([]*stream, 0, len(addresses))
	for _, a := range addresses {
		s, err := open(ctx, c, a)
		if err != nil {
			for _, s := range all {
				s.Close()
			}
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// open returns a listener with the options of the bind and listening stage in force.
func open(ctx context.Context, c *Config, a address) (*stream, error) {
	l := &stream{address: a, established: accepted(c.Options)}
	l.plain, _ = plainTCP(c, a)
	if ctx == nil {
		return nil, l.failed("listen", errors.New("the context is nil"))
	}
	if err := ctx.Err(); err != nil {
		return nil, l.failed("listen", err)
	}
	control := &recorder{options: c.Options.At(sockopt.Bind)}
	config := net.ListenConfig{Control: control.apply, KeepAliveConfig: c.KeepAlive}
	config.SetMultipathTCP(l.plain == nil)
	var err error
	if l.Listener, err = config.Listen(ctx, a.network, a.text); err != nil {
		return nil, l.failed(listenOp(err), err)
	}
	if err := l.listening(c, control.first); err != nil {
		l.Listener.Close()
		return nil, err
	}
	return l, nil
}

// listening does what has to wait for listen.
func (l *stream) listening(c *Config, controlErr error) error {
	if l.plain == nil {
		l.plain = fallback(l, controlErr)
	}
	if l.plain != nil && c.Multipath == sockopt.MultipathRequire {
		return &Error{Op: "listen", Field: "Multipath", Value: "require",
			Network: l.address.full(), Address: l.address.text, Err: l.plain}
	}
	options := c.Options.At(sockopt.Listening)
	if err := applyStage(sockopt.Listening, options, l.Addr(), l); err != nil {
		return l.failed("set option", err)
	}
	return nil
}

// recorder is a Control that remembers its first failure, because package net
// hides one that happened on an MPTCP socket.
type recorder struct {
	options sockopt.Options
	first   error
}

func (r *recorder) apply(network, address string, c syscall.RawConn) error {
	err := r.options.Control(network, address, c)
	if r.first == nil {
		r.first = err
	}
	return err
}

// listenOp names what failed while a socket was opened.
func listenOp(err error) string {
	if _, ok := errors.AsType[*sockopt.Error](err); ok {
		return "set option"
	}
	return "listen"
}
