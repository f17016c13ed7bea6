package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// secure is a listener with TLS. One goroutine accepts, and one per client
// shakes hands, so that Accept has only finished conns to wait for.
type secure struct {
	*stream
	config  *tls.Config
	timeout time.Duration
	slots   chan struct{}   // bounds the clients between accept and Accept
	ready   chan net.Conn   // conns whose handshake is done
	errs    chan error      // failures to accept
	retry   chan struct{}   // taken by an Accept that waits after a failure
	done    <-chan struct{} // closed by Close
	cancel  context.CancelFunc
	group   sync.WaitGroup
}

func newSecure(ctx context.Context, s *stream, c *Config) *secure {
	// The callbacks of the TLS config see the values of the caller's context,
	// but only Close ends it.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l := &secure{
		stream:  s,
		config:  c.TLS,
		timeout: c.HandshakeTimeout,
		slots:   make(chan struct{}, c.MaxHandshakes),
		ready:   make(chan net.Conn),
		errs:    make(chan error),
		retry:   make(chan struct{}),
		done:    ctx.Done(),
		cancel:  cancel,
	}
	l.group.Go(func() { l.serve(ctx) })
	return l
}

// Accept returns the next conn whose handshake is done.
func (l *secure) Accept() (net.Conn, error) {
	select {
	case <-l.done: // first of all: the select below chooses at random
		return nil, l.failed("accept", net.ErrClosed)
	default:
	}
	for {
		select {
		case conn := <-l.ready:
			return conn, nil
		case err := <-l.errs:
			return nil, err
		case <-l.retry:
		case <-l.done:
			return nil, l.failed("accept", net.ErrClosed)
		}
	}
}

// Close closes the listener and the conns that Accept has not returned.
func (l *secure) Close() error {
	err := l.stream.Close()
	l.cancel()
	l.group.Wait()
	return err
}

// serve accepts until Close.
func (l *secure) serve(ctx context.Context) {
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.done:
			return
		}
		conn, err := l.stream.Accept()
		if err == nil {
			l.group.Go(func() { l.handshake(ctx, conn) })
			continue
		}
		<-l.slots
		if errors.Is(err, net.ErrClosed) || !l.report(err) {
			return
		}
	}
}

// report gives a failure to whoever calls Accept next, and waits for another
// call, so that the caller's pace decides about the next try, as it does
// without TLS. It returns false after Close.
func (l *secure) report(err error) bool {
	select {
	case l.errs <- err:
	case <-l.done:
		return false
	}
	select {
	case l.retry <- struct{}{}:
		return true
	case <-l.done:
		return false
	}
}

// handshake hands a conn over to Accept, or closes it.
func (l *secure) handshake(ctx context.Context, raw net.Conn) {
	defer func() { <-l.slots }()
	limit, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	conn := tls.Server(raw, l.config)
	if conn.HandshakeContext(limit) != nil {
		raw.Close()
		return
	}
	select {
	case l.ready <- conn:
	case <-l.done:
		raw.Close()
	}
}
