package listener

import (
	"context"
	"errors"
	"net"
	"syscall"

	"github.com/strata-net/strata/sockopt"
)

// New opens a listener. The context limits the opening only, name resolution
// included. A bad Config is reported as a whole: the error joins an [*Error]
// for every bad field. If anything fails nothing stays open.
//
// The listener is safe for concurrent use and is a syscall.Conn, so that its
// socket options can be read back. Close wakes Accept, ends handshakes in
// progress and waits for the listener's goroutines; accepted conns stay open. A
// second Close returns an error that is [net.ErrClosed].
func New(ctx context.Context, cfg *Config) (net.Listener, error) {
	c := cfg.clone()
	a, err := c.validate()
	if err != nil {
		return nil, err
	}
	l, err := open(ctx, c, a)
	if err != nil {
		return nil, err
	}
	if c.TLS != nil {
		return newSecure(ctx, l, c), nil
	}
	return l, nil
}

// stream is a listener without TLS.
type stream struct {
	net.Listener // *net.TCPListener or *net.UnixListener
	address      address
	established  sockopt.Options
	plain        error // why the socket is not MPTCP, nil if it is
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

// Accept returns the next conn with its options in force.
func (l *stream) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, l.failed("accept", err)
		}
		err = applyStage(sockopt.Established, l.established, conn.LocalAddr(), conn)
		if err == nil {
			return conn, nil
		}
		gone := peerGone(conn, err)
		conn.Close()
		if !gone {
			e := l.failed("set option", err)
			e.temporary = true
			return nil, e
		}
	}
}

// Close closes the listener.
func (l *stream) Close() error {
	if err := l.Listener.Close(); err != nil {
		return l.failed("close", err)
	}
	return nil
}

// SyscallConn gives access to the listening socket.
func (l *stream) SyscallConn() (syscall.RawConn, error) { return rawConn(l.Listener) }

func (l *stream) whyPlain() error { return l.plain }

func (l *stream) failed(op string, err error) *Error {
	return &Error{Op: op, Network: l.address.full(), Address: l.address.text, Err: err}
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
