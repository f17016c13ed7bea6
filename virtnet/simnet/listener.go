package simnet

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Listener is a listener for streams. It is a [net.Listener] with deadlines, and it is
// safe for concurrent use.
//
// A conn is there before it is accepted: Config.Backlog bounds how many wait. When
// the listener is closed, those that wait are reset.
type Listener struct {
	host  *Host
	local netip.AddrPort // unspecified: all addresses of the host

	mu       sync.Mutex
	cond     sync.Cond // for Accept
	room     sync.Cond // for dials that wait for a place in the backlog
	queue    []*Conn
	reserved int // of the backlog: the queue, and those who shake hands
	down     cause
	late     bool
	timer    *time.Timer
}

func newListener(h *Host, local netip.AddrPort) *Listener {
	l := &Listener{host: h, local: local}
	l.cond.L, l.room.L = &l.mu, &l.mu
	return l
}

// Accept returns the next conn, a [*Conn].
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, l.opError("accept", err)
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.down != 0:
			return nil, l.host.net.err(l.down, "accept")
		case l.late:
			return nil, errLate
		case len(l.queue) > 0:
			return l.next(), nil
		}
		l.cond.Wait()
	}
}

// next takes the first conn. The queue's memory is used again.
func (l *Listener) next() *Conn {
	c := l.queue[0]
	l.queue[0] = nil
	if l.queue = l.queue[1:]; len(l.queue) == 0 {
		l.queue = l.queue[:0:cap(l.queue)]
	}
	l.reserved--
	l.host.net.sched.wakeOne(&l.room)
	return c
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: l.host.net.proto(TCP), Addr: l.Addr(), Err: err}
}

// Addr returns the address that the listener listens on: a *net.TCPAddr, or a
// *virtnet.Addr where the network has names. If it listens on all addresses of the
// host, this is the first of them, so that others can dial it.
func (l *Listener) Addr() net.Addr { return l.host.addr(TCP, l.local) }

// SetDeadline sets when Accept gives up.
func (l *Listener) SetDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != 0 {
		return l.opError("set", l.host.net.err(l.down, "set"))
	}
	setDeadline(&l.mu, &l.cond, &l.timer, &l.late, t)
	return nil
}

// Close closes the listener. The error is nil, also when it was closed before.
func (l *Listener) Close() error {
	l.shut(sockClosed)
	return nil
}

// shut closes the listener and resets the conns that nobody has accepted.
func (l *Listener) shut(why cause) {
	l.host.drop(l)
	l.mu.Lock()
	queue := l.queue
	if l.down == 0 {
		l.down, l.queue = why, nil
		stopTimer(&l.timer)
		l.host.net.sched.wake(&l.cond)
		l.host.net.sched.wake(&l.room)
	}
	l.mu.Unlock()
	for _, c := range queue {
		c.shut(why, true)
	}
}

// reserve takes a place in the backlog. It reports false if there is none, or the
// listener is closed.
func (l *Listener) reserve() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != 0 || l.reserved >= l.host.net.cfg.Backlog {
		return false
	}
	l.reserved++
	return true
}

// await takes a place in the backlog, and waits for one if there is none. A dial to a
// host that a Write reaches at once does that: its SYN would be sent again and again.
func (l *Listener) await(ctx context.Context, dialler *Host) cause {
	if l.reserve() {
		return 0
	}
	dialler.awaits(l, 1)
	defer dialler.awaits(l, -1)
	late := false
	wake := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.room.Broadcast()
	}
	timer := time.AfterFunc(l.host.net.cfg.DialTimeout, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.room.Broadcast()
	})
	defer timer.Stop()
	defer context.AfterFunc(ctx, wake)()
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.down != 0 || dialler.downWhy() != 0:
			return refused
		case ctx.Err() != nil:
			l.host.net.sched.wakeOne(&l.room) // a place that it was woken for is another's
			return cancelled
		case late:
			return timedOut
		case l.reserved < l.host.net.cfg.Backlog:
			l.reserved++
			return 0
		}
		l.room.Wait()
	}
}

// unreserve gives a place back.
func (l *Listener) unreserve() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved--
	l.host.net.sched.wakeOne(&l.room)
}

// offer gives a conn that has a place to Accept. It reports false if the listener is
// closed.
func (l *Listener) offer(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != 0 {
		return false
	}
	c.waits.Store(nil)
	l.queue = append(l.queue, c)
	l.host.net.sched.wakeOne(&l.cond)
	return true
}
