package xquic

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/quic"

	"github.com/strata-net/strata/sockopt/access"
)

// Listener accepts QUIC conns. It is safe for concurrent use.
type Listener struct {
	config   *ListenConfig
	endpoint *quic.Endpoint
	rules    *access.Rules
	counts   *access.Counts
	queue    chan *quic.Conn
	done     chan struct{} // closed by the first Close
	broken   chan struct{} // closed when the socket fails
	work     sync.WaitGroup

	mu     sync.Mutex
	closed bool
	failed error // why it is broken
	stats  Stats
}

// Stats counts the conns of a Listener whose handshake was completed.
type Stats struct {
	// Open is how many are open now, those that wait for Accept included.
	Open int
	// Accepted is how many Accept has returned.
	Accepted uint64
	// Refused is how many were closed for Allow and Deny, Limited for MaxConns
	// or MaxConnsPerSource, and Overflowed because Backlog others waited.
	Refused, Limited, Overflowed uint64
}

// NewListener listens on the address of a config. The context limits name
// resolution only.
func NewListener(ctx context.Context, cfg *ListenConfig) (*Listener, error) {
	config, s, err := cfg.prepare()
	if err != nil {
		return nil, err
	}
	conn, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	endpoint, err := quic.NewEndpoint(conn, config.QUIC)
	if err != nil {
		conn.Close()
		return nil, s.failed(err)
	}
	l := &Listener{
		config: config, endpoint: endpoint,
		rules:  access.New(config.Allow, config.Deny),
		counts: access.NewCounts(config.MaxConnsPerSource, access.Width{Bits4: config.SourceBits4, Bits6: config.SourceBits6}),
		queue:  make(chan *quic.Conn, config.Backlog),
		done:   make(chan struct{}),
		broken: make(chan struct{}),
	}
	l.work.Go(l.run)
	return l, nil
}

// run takes every conn at once, since x/net/quic's own queue has no bound.
func (l *Listener) run() {
	for {
		// Close of the endpoint ends it.
		conn, err := l.endpoint.Accept(context.Background())
		if err != nil {
			l.mu.Lock()
			l.failed = err
			l.mu.Unlock()
			close(l.broken)
			return
		}
		l.judge(conn)
	}
}

// judge queues a conn or closes it.
func (l *Listener) judge(conn *quic.Conn) {
	source, counted, ok := l.admit(conn.RemoteAddr().Addr())
	if !ok {
		conn.Abort(&quic.ConnectionCloseError{Reason: "refused"})
		return
	}
	l.work.Go(func() {
		_ = conn.Wait(context.Background()) // why it has ended is up to who has the conn
		l.mu.Lock()
		l.stats.Open--
		l.mu.Unlock()
		if counted {
			l.counts.Drop(source)
		}
	})
	select {
	case l.queue <- conn:
	default:
		l.mu.Lock()
		l.stats.Overflowed++
		l.mu.Unlock()
		conn.Abort(&quic.ConnectionCloseError{Reason: "busy"})
	}
}

// admit counts a conn, unless rules or limits refuse it.
func (l *Listener) admit(ip netip.Addr) (source access.Source, counted, ok bool) {
	ip = ip.Unmap()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.rules.Admits(ip) {
		l.stats.Refused++
		return source, false, false
	}
	if l.config.MaxConns > 0 && l.stats.Open >= l.config.MaxConns {
		l.stats.Limited++
		return source, false, false
	}
	if source, counted, ok = l.counts.Take(ip); !ok {
		l.stats.Limited++
		return source, false, false
	}
	l.stats.Open++
	return source, counted, true
}

// Accept returns the next conn, whose handshake is complete. After Close the
// error is [net.ErrClosed].
func (l *Listener) Accept(ctx context.Context) (*quic.Conn, error) {
	if ctx == nil {
		return nil, l.wrap("accept", errNilContext)
	}
	select {
	case <-l.done:
		return nil, l.wrap("accept", net.ErrClosed)
	default:
	}
	select {
	case conn := <-l.queue:
		l.mu.Lock()
		l.stats.Accepted++
		l.mu.Unlock()
		return conn, nil
	case <-ctx.Done():
		return nil, l.wrap("accept", ctx.Err())
	case <-l.done:
		return nil, l.wrap("accept", net.ErrClosed)
	case <-l.broken:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, l.wrap("accept", net.ErrClosed)
	}
	return nil, l.wrap("accept", l.failed)
}

func (l *Listener) wrap(op string, err error) error {
	return &Error{Op: op, Network: "udp", Address: l.LocalAddr().String(), Err: err}
}

// LocalAddr returns the address of the socket.
func (l *Listener) LocalAddr() netip.AddrPort { return l.endpoint.LocalAddr() }

// Stats returns the counts so far.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Close closes the socket and all conns, the accepted ones too: x/net/quic has
// one socket for both. It waits for the peers to confirm that, until ctx ends;
// then it closes all the same and returns the context's error. A second Close
// does nothing.
func (l *Listener) Close(ctx context.Context) error {
	if ctx == nil {
		return l.wrap("close", errNilContext)
	}
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	l.mu.Unlock()
	if !first {
		return nil
	}
	close(l.done)
	err := l.endpoint.Close(ctx)
	l.work.Wait()
	if err != nil {
		return l.wrap("close", err)
	}
	return nil
}
