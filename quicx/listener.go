package quicx

import (
	"context"
	"errors"
	"net"
	"runtime"
	"sync"
	"syscall"

	"github.com/quic-go/quic-go"
)

// Listener accepts QUIC conns. It is safe for concurrent use. http3.Server can
// serve it.
type Listener struct {
	gate   *gate
	shards []*shard
	group  sync.WaitGroup // the goroutines that are ours

	closing  sync.Once
	finished sync.Once
	done     chan struct{} // closed when the sockets are
	err      error         // of closing them, before done
}

// NewListener listens. A nil cfg is an error, as TLS is required; so is each
// field that is not valid, and all of them are told. ctx ends a lookup of the
// host's name, and does not concern the listener later.
func NewListener(ctx context.Context, cfg *ListenConfig) (*Listener, error) {
	c := cfg.clone()
	socket, err := c.validate()
	if err == nil {
		err = c.QLog.makeFolder()
	}
	if err != nil {
		return nil, err
	}
	l := &Listener{gate: newGate(c), done: make(chan struct{})}
	l.gate.finish = l.finish
	if l.shards, err = openShards(ctx, c, socket); err != nil {
		return nil, err
	}
	keys := newKeys(c)
	for i, s := range l.shards {
		if err := s.listen(l.gate, keys, connectionIDs{index: i, sockets: len(l.shards)}); err != nil {
			l.gate.advance(closed)
			l.finish()
			return nil, errors.Join(err, l.err)
		}
	}
	for _, s := range l.shards {
		l.serve(s)
	}
	return l, nil
}

// Accept returns the next conn. Its handshake is done, unless ListenConfig.Early
// is set. After Close, the error is [net.ErrClosed] and [quic.ErrServerClosed].
// Those who accept conns have to close them, see [Listener.Close].
func (l *Listener) Accept(ctx context.Context) (*quic.Conn, error) {
	if ctx == nil {
		return nil, l.failed("accept", errNilContext)
	}
	if ctx.Err() != nil {
		return nil, l.failed("accept", context.Cause(ctx))
	}
	var c *quic.Conn
	var over error
	err := l.gate.wait(ctx, func() bool {
		c, over = l.gate.next()
		return c != nil || over != nil
	})
	if over != nil {
		err = over
	}
	if err != nil {
		return nil, l.failed("accept", err)
	}
	return c, nil
}

// Addr returns the address of the sockets, a *net.UDPAddr.
func (l *Listener) Addr() net.Addr { return l.shards[0].socket.udp.LocalAddr() }

// SyscallConn returns the socket, the first one if there are shards: to look at
// it, not to read from it.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	raw, err := l.shards[0].socket.udp.SyscallConn()
	if err != nil {
		return nil, l.failed("syscallconn", err)
	}
	return raw, nil
}

// Sockets returns what the kernel says about each socket.
func (l *Listener) Sockets() []SocketInfo {
	list := make([]SocketInfo, len(l.shards))
	for i, s := range l.shards {
		list[i] = s.socket.info()
	}
	return list
}

func (l *Listener) failed(op string, err error) *Error {
	a := l.Addr()
	return &Error{Op: op, Network: a.Network(), Address: a.String(), Err: err}
}

// backlog is how many conns of a socket wait for their judgement.
const backlog = 1024

// serve takes the conns from quic-go as they come, and judges them one after the other.
// quic-go has a queue of 32 and refuses what exceeds it, after the client has taken the
// handshake for done: who takes them waits for no lock. There is one more than there are
// processors, since one that was woken may wait for its processor while the other ones
// go on with handshakes.
func (l *Listener) serve(s *shard) {
	taken := make(chan *quic.Conn, backlog)
	var takers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) + 1 {
		takers.Go(func() { l.take(s, taken) })
	}
	l.group.Go(func() {
		takers.Wait()
		close(taken)
	})
	l.group.Go(func() {
		for c := range taken {
			l.arrived(c)
		}
	})
}

func (l *Listener) take(s *shard, taken chan<- *quic.Conn) {
	for {
		c, err := s.server.Accept(context.Background())
		if err != nil {
			l.gate.fail(err)
			return
		}
		taken <- c
	}
}

func (l *Listener) arrived(c *quic.Conn) {
	early := l.gate.config.Early
	t := c.Context().Value(ticketKey{}).(*ticket) //nolint:forcetypeassert // admit has put it there
	l.judge(t, t.arrive(c, early))
	if early {
		l.group.Go(func() { l.follow(t) })
	}
}

// follow waits for the end of a handshake.
func (l *Listener) follow(t *ticket) {
	select {
	case <-t.conn.HandshakeComplete():
		l.judge(t, t.complete())
	case <-t.conn.Context().Done():
	}
}

// Why a conn that quic-go has accepted is closed.
var (
	errClosed = errors.New("the listener is closed")
	errSource = errors.New("too many conns of this source")
)

// judge closes a conn that must not stay.
func (l *Listener) judge(t *ticket, why error) {
	if why == nil {
		return
	}
	if errors.Is(why, errSource) {
		l.gate.happened(Event{Kind: RefusedBySource, Local: t.local, Remote: t.remote})
	}
	l.group.Go(func() { l.dismiss(t.conn, why) })
}

// dismiss closes a conn and waits until that is done.
func (l *Listener) dismiss(c *quic.Conn, why error) {
	_ = c.CloseWithError(l.gate.config.CloseCode, why.Error()) // is always nil
}
