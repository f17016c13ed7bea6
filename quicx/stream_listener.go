package quicx

import (
	"context"
	"errors"
	"net"
	"sync"

	"github.com/quic-go/quic-go"
)

// Accepter is what a [StreamListener] takes conns from. [*Listener] is one, and
// so is a *quic.Listener. After Close its Accept returns an error, at once or
// behind the conns that still waited.
type Accepter interface {
	Accept(ctx context.Context) (*quic.Conn, error)
	Addr() net.Addr
	Close() error
}

// StreamListener accepts the streams of all conns of an [Accepter]. It is safe
// for concurrent use.
//
// It holds back, rather than queues: each conn has at most one stream that
// waits for Accept, and they take turns, so that a peer that opens many streams
// delays others by one. The rest wait in quic-go, at most
// quic.Config.MaxIncomingStreams a conn. How many conns there are is up to the
// Accepter.
type StreamListener struct {
	accepter Accepter
	config   StreamConfig
	streams  chan *StreamConn
	failures chan error
	done     chan struct{} // closed by Close
	gone     chan struct{} // closed when it is closed and no conn is left
	stop     context.CancelFunc
	loop     sync.WaitGroup // the accept loop

	mu     sync.Mutex
	closed bool
	conns  map[*inbound]struct{}
}

// NewStreamListener returns a *StreamListener for all bidirectional streams of
// the conns that l accepts. It takes l over: Close closes it. nil is the zero
// StreamConfig.
func NewStreamListener(l Accepter, cfg *StreamConfig) (net.Listener, error) {
	var p problems
	if l == nil {
		p.add("Accepter", "nil", errors.New("is needed"))
	}
	config := cfg.settled(&p)
	if err := p.err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := &StreamListener{
		accepter: l, config: config, stop: cancel,
		streams: make(chan *StreamConn), failures: make(chan error),
		done: make(chan struct{}), gone: make(chan struct{}),
		conns: map[*inbound]struct{}{},
	}
	n.loop.Go(func() { n.run(ctx) })
	return n, nil
}

// run accepts conns. It passes on each error of the Accepter, and waits until
// somebody has seen it; one that is not temporary is the last.
func (l *StreamListener) run(ctx context.Context) {
	for {
		conn, err := l.accepter.Accept(ctx)
		if err == nil {
			l.add(conn)
			continue
		}
		var t interface{ Temporary() bool }
		for again := true; again; again = !errors.As(err, &t) || !t.Temporary() {
			select {
			case l.failures <- err:
			case <-l.done:
				return
			}
		}
	}
}

// add serves a conn, or closes it if it came too late.
func (l *StreamListener) add(conn *quic.Conn) {
	c := newInbound(l, conn)
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.conns[c] = struct{}{}
	}
	l.mu.Unlock()
	if closed {
		_ = conn.CloseWithError(0, "") // returns nil
		return
	}
	go c.serve() // ends with the conn, which Close and Shutdown see to
}

// Accept returns the next stream, a [*StreamConn]. It may have been reset by the
// peer already. After Close the error is [net.ErrClosed].
func (l *StreamListener) Accept() (net.Conn, error) {
	select {
	case <-l.done:
		return nil, l.failed("accept", net.ErrClosed)
	default:
	}
	select {
	case c := <-l.streams:
		return c, nil
	case err := <-l.failures:
		return nil, l.failed("accept", err)
	case <-l.done:
		return nil, l.failed("accept", net.ErrClosed)
	}
}

func (l *StreamListener) failed(op string, err error) error {
	return &Error{Op: op, Network: "udp", Address: l.Addr().String(), Err: err}
}

// Addr returns the address of the Accepter.
func (l *StreamListener) Addr() net.Addr { return l.accepter.Addr() }

// Close ends accepting, and closes the Accepter. Streams that were accepted live
// on if the Accepter leaves its conns open; their QUIC conns end StreamConfig.Linger
// after the last of their streams, and until then new streams on them are reset
// with [RefusedCode]. Conns without streams end at once, or, if they had one,
// Linger after that was closed. Shutdown waits for all that. A second Close does
// nothing.
func (l *StreamListener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	if len(l.conns) == 0 {
		close(l.gone)
	}
	conns := l.list()
	l.mu.Unlock()
	close(l.done)
	err := l.accepter.Close()
	if err != nil {
		l.stop() // Accept may not know of it
	}
	l.loop.Wait() // a *quic.Listener hands out what still waits, nobody else would close it
	l.stop()
	for _, c := range conns {
		c.drain()
	}
	if err != nil {
		return l.failed("close", err)
	}
	return nil
}

// Shutdown is Close, and waits until all streams are closed and their conns have
// ended. When ctx ends first it closes the conns, with application error code 0,
// and returns the context's error. It may follow Close.
func (l *StreamListener) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return l.failed("shutdown", errNilContext)
	}
	if err := l.Close(); err != nil {
		return err
	}
	select {
	case <-l.gone:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	conns := l.list()
	l.mu.Unlock()
	for _, c := range conns {
		_ = c.conn.CloseWithError(0, "") // returns nil
	}
	<-l.gone
	return l.failed("shutdown", ctx.Err())
}

// list returns the conns that there are. The mutex is held.
func (l *StreamListener) list() []*inbound {
	conns := make([]*inbound, 0, len(l.conns))
	for c := range l.conns {
		conns = append(conns, c)
	}
	return conns
}

// remove forgets a conn that has ended.
func (l *StreamListener) remove(c *inbound) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
	if l.closed && len(l.conns) == 0 {
		close(l.gone)
	}
}
