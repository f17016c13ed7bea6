package quicx

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/quic-go/quic-go"
)

// Close ends Accept, refuses the handshakes in progress, and closes the conns
// that were not accepted with ListenConfig.CloseCode. Those that were accepted
// stay open, as with every net.Listener, and so does the socket until the last
// of them has ended: new clients get CONNECTION_REFUSED until then. If none is
// open, the socket is closed when Close returns. The first Close tells whether
// that failed, later ones return nil.
func (l *Listener) Close() (err error) {
	l.closing.Do(func() { err = l.close() })
	return err
}

func (l *Listener) close() error {
	g := l.gate
	g.advance(closed)
	for _, s := range l.shards {
		s.stop()
	}
	l.dismissAll(g.conns(false), errClosed)
	// What is left of them ends now, by quic-go's doing or ours.
	_ = g.wait(context.Background(), func() bool { return len(g.tickets) == g.held })
	if g.active() > 0 {
		for _, s := range l.shards {
			s.refuse()
		}
	}
	if g.active() > 0 { // else the last one may have ended before it could see that we are closed
		return nil
	}
	l.finish()
	return l.err
}

// finish closes the sockets when no conn is left.
func (l *Listener) finish() {
	l.finished.Do(func() {
		defer close(l.done)
		var errs []error
		for _, s := range l.shards {
			errs = append(errs, s.close())
		}
		l.group.Wait()
		if err := errors.Join(errs...); err != nil {
			l.err = l.failed("close", err)
		}
	})
}

// Shutdown stops the listener without cutting anybody off: new clients get
// CONNECTION_REFUSED, Accept returns the conns whose handshake had begun, and
// then [net.ErrClosed], and Shutdown waits until all conns have ended. When ctx
// is done it closes those that are left with ListenConfig.CloseCode, and says
// how many. The socket is closed when it returns.
//
// It does not tell clients to leave: that is up to the protocol above, for
// instance the GOAWAY of HTTP/3.
func (l *Listener) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return l.failed("shutdown", errNilContext)
	}
	g := l.gate
	g.advance(draining)
	_ = g.wait(ctx, func() bool { return g.pending == 0 || g.phase == closed })
	err := l.Close()
	cause := g.wait(ctx, func() bool { return len(g.tickets) == 0 })
	if cause != nil {
		left := g.conns(true)
		l.dismissAll(left, errClosed)
		if len(left) > 0 {
			err = errors.Join(err, l.failed("shutdown", fmt.Errorf("closed %d open conns: %w", len(left), cause)))
		}
	}
	<-l.done
	return err
}

// dismissAll closes conns and waits until that is done.
func (l *Listener) dismissAll(conns []*quic.Conn, why error) {
	var group sync.WaitGroup
	for _, c := range conns {
		group.Go(func() { l.dismiss(c, why) })
	}
	group.Wait()
}
