package udpsession

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt"
	"github.com/strata-net/strata/sockopt/access"
)

// Listener makes a [Conn] for each peer of one UDP socket. It is safe for
// concurrent use.
type Listener struct {
	config   *Config
	rules    *access.Rules
	sources  *access.Counts // of sessions, nil without that limit
	socket   *udpbatch.Conn
	local    *net.UDPAddr
	wildcard bool // sessions have local addresses of their own
	clock    clock
	sender   sender
	group    sync.WaitGroup // the reader and the sweeper

	wake    chan struct{} // holds one token: Accept has something to do
	done    chan struct{} // closed by Close
	drained chan struct{} // closed when Shutdown need not wait any longer
	empty   sync.Once     // of drained

	queued   atomic.Int64 // memory of all queues; only the reader adds
	counters counters

	mu               sync.Mutex // taken before those of the sender and of a session
	sessions         map[key]*Conn
	byUse, byAge     list
	fresh            *Conn // the oldest that Accept has not returned: the rest of byAge are the others
	pending          int   // how many of them Accept may return
	draining, closed bool
	created          uint64
	ends             [Shutdown + 1]uint64
	refused          [Full - Denied + 1]refusals
	dropped          [numDrops]uint64
	events           []Event // of the reader, not told yet
}

// Listen opens a UDP socket whose Accept returns a *[Conn] for each peer; the
// result is a *[Listener]. The context limits the opening only. A bad Config is
// reported as a whole: the error joins an [*Error] for every bad field. If
// anything fails nothing stays open.
func Listen(ctx context.Context, cfg *Config) (net.Listener, error) {
	c := cfg.clone()
	if err := c.check(); err != nil {
		return nil, err
	}
	socket, err := udpbatch.Listen(ctx, c.socket())
	if err != nil {
		return nil, own(err)
	}
	l := newListener(c, socket)
	l.group.Go(l.receive)
	l.group.Go(l.sweep)
	return l, nil
}

func newListener(c *Config, socket *udpbatch.Conn) *Listener {
	l := &Listener{
		config: c, socket: socket, clock: newClock(),
		rules:    access.New(c.Allow, c.Deny),
		sources:  access.NewCounts(c.MaxSessionsPerSource, access.Width{Bits4: c.SourceBits4, Bits6: c.SourceBits6}),
		local:    socket.LocalAddr().(*net.UDPAddr),
		wildcard: c.socket().PacketInfo,
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
		drained:  make(chan struct{}),
		sessions: map[key]*Conn{},
		byUse:    list{which: byUse},
		byAge:    list{which: byAge},
	}
	l.sender = sender{socket: socket, clock: l.clock, turn: make(chan struct{}, 1)}
	return l
}

// Accept returns the oldest session that it has not returned yet; its first
// datagram waits in it.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.take()
		if err != nil {
			return nil, l.failed("accept", err)
		}
		if c != nil {
			return c, nil
		}
		<-l.wake
	}
}

// take returns nil if there is no session yet. It passes the token on while
// there is something to do for other calls of Accept.
func (l *Listener) take() (*Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.draining {
		l.wakeAccept()
		return nil, net.ErrClosed
	}
	if l.pending == 0 {
		return nil, nil //nolint:nilnil // the caller waits
	}
	c := l.fresh
	l.fresh = c.links[byAge].next
	c.state = accepted
	if l.pending--; l.pending > 0 {
		l.wakeAccept()
	}
	return c, nil
}

func (l *Listener) wakeAccept() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Addr returns the *net.UDPAddr of the socket.
func (l *Listener) Addr() net.Addr { return l.local }

// SyscallConn gives access to the socket.
func (l *Listener) SyscallConn() (syscall.RawConn, error) { return l.socket.SyscallConn() }

// Close ends everything: Accept, all sessions with what they have queued, and
// the socket. It waits for the listener's goroutines, and so for
// [Config.OnEvent], which must not call it. A second Close returns an error that
// is [net.ErrClosed].
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return l.failed("close", net.ErrClosed)
	}
	l.draining, l.closed = true, true
	events := make([]Event, 0, len(l.sessions))
	for l.byAge.head != nil {
		events = append(events, l.remove(l.byAge.head, Shutdown))
	}
	l.wakeAccept()
	close(l.done)
	l.mu.Unlock()
	err := l.socket.Close()
	l.group.Wait()
	l.told(events...)
	return err
}

// Shutdown ends Accept and the sessions that it has not returned, admits no new
// ones, waits until the others have ended, and closes the listener. If the
// context ends first, Shutdown closes all the same and returns its error.
func (l *Listener) Shutdown(ctx context.Context) error {
	if ctx == nil {
		return l.failed("shutdown", errors.New("the context is nil"))
	}
	events, err := l.drain()
	l.told(events...)
	if err != nil {
		return l.failed("shutdown", err)
	}
	select {
	case <-l.drained:
	case <-ctx.Done():
		err = l.failed("shutdown", ctx.Err())
	}
	if closeErr := l.Close(); !errors.Is(closeErr, net.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	return err
}

// drain ends what Accept has not returned.
func (l *Listener) drain() ([]Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, net.ErrClosed
	}
	l.draining = true
	var events []Event
	for l.fresh != nil {
		events = append(events, l.remove(l.fresh, Shutdown))
	}
	if len(l.sessions) == 0 {
		l.empty.Do(func() { close(l.drained) })
	}
	l.wakeAccept()
	return events, nil
}

func (l *Listener) failed(op string, err error) error {
	return &Error{Op: op, Network: sockopt.NetworkOf(l.local), Address: l.local.String(), Err: err}
}
