package dtlsx

import (
	"bytes"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
)

// maxHandshakeBytes bounds what a peer may send while it shakes hands. The
// library would keep megabytes of incomplete messages and early records for it;
// a chain of large certificates, sent several times, is less.
const maxHandshakeBytes = 128 << 10

// datagram waits for its conn.
type datagram struct {
	data []byte
	from *net.UDPAddr
}

// link is the packet conn below one DTLS conn: a bounded queue of what the peer
// has sent, and the socket of the listener for what goes out.
type link struct {
	peer   *peer
	socket *socket
	limit  int    // datagrams
	source []byte // what sends from where the peer has written to, nil to leave it to the system

	// Of the handshake, set before it starts.
	conn    *dtls.Conn
	cookie  []byte // what the client has returned
	advance uint64 // to be added to the numbers of records of epoch 0

	mu      sync.Mutex
	wake    sync.Cond
	queue   []datagram // a ring
	head, n int
	bytes   int // that came during the handshake
	lost    atomic.Uint64
	over    bool
	expired bool // the read deadline
	closed  bool
	muted   bool
	err     error // why the handshake cannot succeed
}

func newLink(s *peer, socket *socket, limit int) *link {
	l := &link{peer: s, socket: socket, limit: limit, source: bytes.Clone(socket.source)}
	l.wake.L = &l.mu
	return l
}

// push queues a copy of a datagram. It returns false if there is no room.
func (l *link) push(data []byte, from *net.UDPAddr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(data) == 0 {
		return true
	}
	if l.n >= l.limit || (!l.over && l.bytes+len(data) > maxHandshakeBytes) {
		l.lost.Add(1)
		return false
	}
	l.bytes += len(data)
	if l.n == len(l.queue) {
		l.grow()
	}
	l.queue[(l.head+l.n)%len(l.queue)] = datagram{append(l.room(len(data)), data...), from}
	l.n++
	l.wake.Signal()
	return true
}

// room returns an empty slice for n bytes: during the handshake for no more, so
// that small datagrams are within its bound too.
func (l *link) room(n int) []byte {
	if !l.over {
		return make([]byte, 0, n)
	}
	return l.socket.buffer(n)
}

// grow doubles the ring.
func (l *link) grow() {
	ring := make([]datagram, max(2*len(l.queue), 2))
	for i := range l.n {
		ring[i] = l.queue[(l.head+i)%len(l.queue)]
	}
	l.queue, l.head = ring, 0
}

// Dropped returns how many datagrams found no room.
func (l *link) Dropped() uint64 { return l.lost.Load() }

// finished lifts the bound of the handshake.
func (l *link) finished() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
}

// ReadFrom waits for the next datagram. What does not fit is cut, but the
// listener takes no longer ones than the library has room for.
func (l *link) ReadFrom(b []byte) (int, net.Addr, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.closed:
			return 0, nil, net.ErrClosed
		case l.expired:
			return 0, nil, os.ErrDeadlineExceeded
		case l.n > 0:
			d := l.pop()
			n := copy(b, d.data)
			l.socket.release(d.data)
			return n, d.from, nil
		}
		l.wake.Wait()
	}
}

func (l *link) pop() datagram {
	d := l.queue[l.head]
	l.queue[l.head] = datagram{}
	l.head = (l.head + 1) % len(l.queue)
	if l.n--; l.n == 0 {
		l.queue, l.head = nil, 0 // an idle conn keeps nothing
	}
	return d
}

// WriteTo sends a datagram, but for what is not for the peer.
func (l *link) WriteTo(b []byte, to net.Addr) (int, error) {
	l.mu.Lock()
	gone := l.closed || l.muted
	l.mu.Unlock()
	if gone {
		return len(b), nil
	}
	out := b
	if r, _, ok := cutRecord(b, 0); ok && r.epoch == 0 && l.cookie != nil {
		if r.kind == typeHandshake && len(r.body) > messageHeader+3 && r.body[0] == typeVerifyRequest {
			return len(b), l.swap(r.body[messageHeader+3:])
		}
		out = append([]byte(nil), b...)
		renumber(out, l.advance, 0)
	}
	peer, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not an address of UDP")
	}
	if err := l.socket.write(out, peer.AddrPort(), l.source); err != nil {
		return 0, err
	}
	return len(b), nil
}

// swap puts our cookie in the place of the one that was sent.
func (l *link) swap(sent []byte) error {
	err := setCookie(l.conn, sent, l.cookie)
	if err != nil {
		l.mu.Lock()
		l.err = err
		l.mu.Unlock()
	}
	return err
}

// mute keeps all that the conn says from now on from the peer.
func (l *link) mute() {
	l.mu.Lock()
	l.muted = true
	l.mu.Unlock()
}

// cause returns the reason that only the link knows, else err.
func (l *link) cause(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	return err
}

// Close ends the link: the conn is no longer found by address or ID. The library
// calls it also when the peer says goodbye.
func (l *link) Close() error {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	for l.n > 0 {
		l.socket.release(l.pop().data)
	}
	l.wake.Broadcast()
	l.mu.Unlock()
	if was {
		return net.ErrClosed
	}
	l.peer.unlink()
	return nil
}

// LocalAddr returns the address of the listener.
func (l *link) LocalAddr() net.Addr { return l.socket.local }

// SetReadDeadline ends a ReadFrom, or allows it again: the library only sets
// deadlines that are over or none, since conns have theirs above it.
func (l *link) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.After(time.Now()) {
		return os.ErrNoDeadline
	}
	l.expired = !t.IsZero()
	l.wake.Broadcast()
	return nil
}

// SetWriteDeadline does nothing: a write to the socket, which all conns share,
// waits for the network card at most.
func (l *link) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets the deadline of ReadFrom.
func (l *link) SetDeadline(t time.Time) error { return l.SetReadDeadline(t) }

// owner is who wants to know what the conn does.
func (l *link) owner() watcher { return l.peer }
