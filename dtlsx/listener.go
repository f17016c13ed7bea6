package dtlsx

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/strata-net/strata/sockopt/access"
)

// Listener accepts DTLS conns from one UDP socket. It is safe for concurrent
// use.
//
// One goroutine reads the socket and never waits: it gives each datagram to the
// bounded queue of its conn. A ClientHello without a valid cookie gets one and
// is forgotten. One with a cookie gets a place (ListenConfig.MaxHandshakes) and
// a goroutine for its handshake. One from the address of an established conn
// leaves that alone until its own handshake is done (RFC 6347, section 4.2.8);
// then it takes its place, unless that one has a connection ID and thus may have
// moved.
//
// With Config.ConnectionID the conn of a client whose address changes goes on:
// records are found by their ID, and what is sent goes to the address of the
// newest record that was authentic (RFC 9146, section 6). That the client can be
// reached there is not tested, so that somebody who copies records on their way
// can divert the answers for a while.
type Listener struct {
	config    *ListenConfig
	socket    *socket
	rules     *access.Rules
	width     access.Width
	perSource *access.Counts
	stateless bool
	id        int       // length of connection IDs, 0 without
	start     time.Time // of the clock
	baker     *baker    // of the reader
	scratch   []byte    // of the reader
	counts    counts
	reader    sync.WaitGroup
	group     sync.WaitGroup // handshakes

	//nolint:containedctx // the values of the context of NewListener, for the callbacks of the config
	ctx    context.Context
	cancel context.CancelFunc // of all handshakes
	wake   chan struct{}      // holds one token: Accept has something to do
	empty  chan struct{}      // closed with the socket
	last   sync.Once          // of that

	mu       sync.Mutex // taken before that of a link
	open     map[netip.AddrPort]*peer
	starting map[netip.AddrPort]*peer
	byID     map[string]*peer
	places   places
	ready    []*peer
	conns    map[*peer]struct{} // that Accept has returned
	active   int
	closed   bool
}

// NewListener opens a listener, which is a [*Listener]; Accept returns a [*Conn]
// with the handshake done. The context limits the opening only, name resolution
// included. A bad config is reported as a whole: the error joins an [*Error] for
// every bad field. If anything fails nothing stays open.
func NewListener(ctx context.Context, cfg *ListenConfig) (net.Listener, error) {
	c := cfg.clone()
	if err := c.prepare(); err != nil {
		return nil, err
	}
	err := errNilContext
	if ctx != nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, &Error{Op: "listen", Network: c.place.network, Address: c.place.text, Err: err}
	}
	s, err := openSocket(ctx, c)
	if err != nil {
		return nil, err
	}
	l := newListener(ctx, c, s)
	l.reader.Go(l.receive)
	return l, nil
}

func newListener(ctx context.Context, c *ListenConfig, s *socket) *Listener {
	l := &Listener{
		config: c, socket: s, rules: access.New(c.Allow, c.Deny), width: c.width(),
		perSource: access.NewCounts(c.MaxConnsPerSource, c.width()),
		stateless: cookieField != nil,
		id:        max(int(c.ConnectionID), 0),
		start:     time.Now(), baker: newBaker(time.Now),
		wake: make(chan struct{}, 1), empty: make(chan struct{}),
		open: map[netip.AddrPort]*peer{}, starting: map[netip.AddrPort]*peer{}, byID: map[string]*peer{},
		places: newPlaces(c.MaxHandshakes, c.proto.HandshakeTimeout),
		conns:  map[*peer]struct{}{},
	}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// Accept returns the next conn whose handshake is done. After Close it returns
// an error that is [net.ErrClosed].
func (l *Listener) Accept() (net.Conn, error) {
	for {
		s, err := l.take()
		if err != nil {
			return nil, err
		}
		if s != nil {
			l.counts.accepted.Add(1)
			return s.conn, nil
		}
		<-l.wake
	}
}

// take returns nil if there is no conn yet. It passes the token on while there
// is something to do for other calls of Accept.
func (l *Listener) take() (*peer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		l.wakeAccept()
		return nil, l.failed("accept", nil, net.ErrClosed)
	}
	if len(l.ready) == 0 {
		return nil, nil //nolint:nilnil // the caller waits
	}
	s := l.ready[0]
	l.ready[0] = nil
	if l.ready = l.ready[1:]; len(l.ready) > 0 {
		l.wakeAccept()
	}
	s.state = accepted
	l.conns[s] = struct{}{}
	l.places.taken--
	return s, nil
}

func (l *Listener) wakeAccept() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Addr returns the *net.UDPAddr of the socket.
func (l *Listener) Addr() net.Addr { return l.socket.local }

// SyscallConn gives access to the socket, which all conns share.
func (l *Listener) SyscallConn() (syscall.RawConn, error) { return l.socket.conn.SyscallConn() }

// clock returns the time since the start.
func (l *Listener) clock() time.Duration { return time.Since(l.start) }

func (l *Listener) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (l *Listener) failed(op string, peer net.Addr, err error) *Error {
	if peer == nil {
		peer = l.socket.local
	}
	return &Error{Op: op, Network: "udp", Address: peer.String(), Err: err}
}

func (l *Listener) failedField(field, value string, peer net.Addr, err error) *Error {
	e := l.failed("cut", peer, err)
	e.Field, e.Value = field, value
	return e
}
