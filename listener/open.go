package listener

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// openAll opens the sockets of a Config that is valid: all of them, or none.
func openAll(ctx context.Context, c *Config) (all []*stream, err error) {
	places, p := c.addresses(activated)
	if err := errors.Join(p...); err != nil {
		return nil, err // the environment has changed since it was validated
	}
	if err := usable(ctx); err != nil {
		return nil, (&stream{address: places[0].address}).failed("listen", err)
	}
	defer func() {
		if err != nil {
			for _, s := range all {
				s.abandon()
			}
			all = nil
		}
	}()
	for _, place := range places {
		group, err := openPlace(ctx, c, place.address)
		all = append(all, group...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func usable(ctx context.Context) error {
	if ctx == nil {
		return errors.New("the context is nil")
	}
	return ctx.Err()
}

// openPlace opens the sockets of one address; in case of an error it returns
// those that are open already.
func openPlace(ctx context.Context, c *Config, a address) ([]*stream, error) {
	if a.inherited() {
		s, err := inherit(c, a)
		if err != nil {
			return nil, err
		}
		return []*stream{s}, nil
	}
	return openShards(ctx, c, a)
}

// open returns a stream with the options of the bind and listening stage in force.
func open(ctx context.Context, c *Config, a address) (*stream, error) {
	s := &stream{address: a, established: accepted(c.Options)}
	s.plain, _ = plainTCP(c, a)
	control := &recorder{options: c.Options.At(sockopt.Bind)}
	if a.path() {
		control.mode = c.UnixMode
	}
	config := net.ListenConfig{Control: control.apply, KeepAliveConfig: c.KeepAlive}
	config.SetMultipathTCP(s.plain == nil)
	listen := func() (net.Listener, error) { return config.Listen(ctx, a.network, a.text) }
	var err error
	if a.path() && ownFiles {
		s.Listener, s.file, err = createSocket(ctx, c, a, listen)
	} else {
		s.Listener, err = listen()
	}
	if err != nil {
		return nil, s.failed(listenOp(err), err)
	}
	if err := s.listening(c, control.first); err != nil {
		s.abandon()
		return nil, err
	}
	return s, nil
}

// listening does what has to wait for listen.
func (l *stream) listening(c *Config, controlErr error) error {
	if l.plain == nil {
		l.plain = fallback(l, controlErr)
	}
	if l.plain != nil && c.Multipath == sockopt.MultipathRequire {
		return l.wrongMultipath(c, l.plain)
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
	mode    fs.FileMode // of the file that bind creates, 0 for the umask's
	first   error
}

func (r *recorder) apply(network, address string, c syscall.RawConn) error {
	err := r.options.Control(network, address, c)
	if err == nil && r.mode != 0 {
		if controlErr := c.Control(func(fd uintptr) { err = restrict(fd, r.mode) }); err == nil {
			err = controlErr
		}
	}
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
