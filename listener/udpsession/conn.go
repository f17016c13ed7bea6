package udpsession

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/strata-net/strata/listener/udpbatch"
	"github.com/strata-net/strata/sockopt/access"
)

// Conn is one session: what one peer sends to one address of the listener, and
// the answers to it. It is safe for concurrent use. Its errors are *net.OpError,
// as those of package net; a session that has ended says why, see [ErrIdle].
type Conn struct {
	listener *Listener
	key      key
	link     int // the interface of key.local, if that means nothing without
	created  int64

	// The listener's mutex guards these.
	links   [numLists]links
	source  access.Source // what it counts for
	counted bool          // in the listener's sources
	state   state
	used    atomic.Int64 // when a datagram came or went last; read without the mutex

	mu      sync.Mutex // taken after those of the listener, if at all
	queue   queue
	end     error // why the session is over, nil while it is not
	reading waiter
	writing waiter
}

// key tells sessions apart. The local address is part of it, because one client
// that writes to two addresses of the machine expects each to answer.
type key struct {
	peer  netip.AddrPort
	local netip.Addr // zero if the socket is bound to one address
}

// state says how far a session has come.
type state uint8

const (
	hidden   state = iota // its event is being delivered
	pending               // Accept may return it
	accepted              // Accept has returned it
	ended                 // it is in no list
)

// Read reads the next datagram. What does not fit into b is lost, as it is on a
// *net.UDPConn, and counted in [Stats]: an error would let anyone who can forge
// the peer's address end the caller's loop. An empty datagram reads 0 bytes
// without error.
func (c *Conn) Read(b []byte) (int, error) {
	d, err := c.next()
	if err != nil {
		return 0, c.failed("read", err)
	}
	n := copy(b, d.data)
	if n < len(d.data) {
		c.listener.counters.cut.Add(1)
	}
	d.free()
	return n, nil
}

// next waits for a datagram and takes it out of the queue.
func (c *Conn) next() (*datagram, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if err := c.over(&c.reading); err != nil {
			c.reading.signal() // it concerns all that wait
			return nil, err
		}
		if d := c.queue.pop(); d != nil {
			c.listener.queued.Add(-int64(cost(len(d.data))))
			if c.queue.head != nil {
				c.reading.signal()
			}
			return d, nil
		}
		c.reading.wait(c, nil)
	}
}

// over returns why calls of one direction must not go on.
func (c *Conn) over(w *waiter) error {
	if c.end != nil {
		return c.end
	}
	if w.expired(c.listener.clock) {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// push queues a copy of data, or says why not. The listener's mutex is held, and
// only its one reader pushes: the limit for all cannot be passed by two at once.
func (c *Conn) push(data []byte) drop {
	l, size := c.listener, cost(len(data))
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.queue.count >= l.config.Queue:
		return dropQueue
	case c.queue.bytes+size > l.config.QueueBytes:
		return dropQueueBytes
	case !l.room(size, c.state == accepted):
		return dropMaxBytes
	}
	l.queued.Add(int64(size))
	c.queue.push(newDatagram(data))
	c.reading.signal()
	return dropNot
}

// finish ends the session and frees what is queued. The listener's mutex is
// held, and the session is in its table no more.
func (c *Conn) finish(cause error) {
	c.mu.Lock()
	c.end = cause
	var size int64
	for d := c.queue.pop(); d != nil; d = c.queue.pop() {
		size += int64(cost(len(d.data)))
		d.free()
	}
	c.listener.queued.Add(-size)
	for _, w := range []*waiter{&c.reading, &c.writing} {
		w.stop()
		w.signal()
	}
	c.mu.Unlock()
	c.listener.sender.refresh(c)
}

// Write sends b as one datagram, also an empty one. It goes straight to the
// socket, from the address that the peer wrote to, and waits only while the
// socket's send buffer is full.
func (c *Conn) Write(b []byte) (int, error) {
	if _, err := c.listener.sender.send(c, b); err != nil {
		return 0, c.failed("write", err)
	}
	c.listener.sent(c, 1)
	return len(b), nil
}

// WriteBatch sends each element as one datagram, with as few system calls as
// [udpbatch] can. It returns how many were sent; when that is not all of them,
// the error says why.
func (c *Conn) WriteBatch(datagrams [][]byte) (int, error) {
	n, err := c.listener.sender.send(c, datagrams...)
	if n > 0 {
		c.listener.sent(c, n)
	}
	if err != nil {
		return n, c.failed("write", err)
	}
	return n, nil
}

// Close ends the session: calls that wait return, and what is queued is freed.
// A datagram that the peer sends later begins a new session. A second Close
// returns an error that is [net.ErrClosed].
func (c *Conn) Close() error {
	if c.listener.end(c, Closed) {
		return nil
	}
	return c.failed("close", net.ErrClosed)
}

// LocalAddr returns the *net.UDPAddr that the peer wrote to.
func (c *Conn) LocalAddr() net.Addr {
	local := c.listener.local
	if !c.key.local.IsValid() {
		return local
	}
	ip := c.key.local
	if c.link != 0 {
		ip = ip.WithZone(strconv.Itoa(c.link)) // as the peer's comes
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, local.AddrPort().Port()))
}

// RemoteAddr returns the *net.UDPAddr of the peer.
func (c *Conn) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(c.key.peer) }

// SetDeadline sets both deadlines; see [net.Conn].
func (c *Conn) SetDeadline(t time.Time) error {
	return c.setDeadline(t, &c.reading, &c.writing)
}

// SetReadDeadline sets the deadline of Read. It ends calls that wait, not the session.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadline(t, &c.reading) }

// SetWriteDeadline sets the deadline of Write and WriteBatch.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(t, &c.writing) }

func (c *Conn) setDeadline(t time.Time, waiters ...*waiter) error {
	at := c.listener.clock.at(t)
	c.mu.Lock()
	end := c.end
	if end == nil {
		for _, w := range waiters {
			w.set(c, at)
		}
	}
	c.mu.Unlock()
	if end != nil {
		return c.failed("set", end)
	}
	c.listener.sender.refresh(c)
	return nil
}

// failed says what failed on which session, once: package udpbatch says it too.
func (c *Conn) failed(op string, err error) error {
	if e, ok := errors.AsType[*udpbatch.Error](err); ok {
		err = e.Err
	}
	return &net.OpError{Op: op, Net: "udp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
