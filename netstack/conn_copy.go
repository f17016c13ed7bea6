package netstack

import (
	"errors"
	"io"
	"net"
	"sync"
)

var (
	_ io.ReaderFrom = (*TCPConn)(nil)
	_ io.WriterTo   = (*TCPConn)(nil)
)

// WriteTo copies to w until the end of the stream: what io.Copy does. No buffer is held
// while the conn has nothing. On Linux a socket of package net gets what has arrived without
// a copy; while WriteTo waits for that socket, deadlines and Close of this conn do not end it.
func (c *TCPConn) WriteTo(w io.Writer) (int64, error) {
	c.in.turn.Lock()
	defer c.in.turn.Unlock()
	var sent int64
	move := func() error { return c.moveTo(w, &sent) }
	if raw := newRawPeer(w); raw != nil {
		moved := func(n int) { sent += int64(n) }
		move = func() error { return raw.moveUp(c.e.ep, moved) }
	}
	for {
		err := c.in.err()
		if err == nil {
			err = move()
		}
		switch {
		case errors.Is(err, errNothing):
			c.in.wait()
		case err == nil && !c.e.closed.Load():
			return sent, nil
		case c.e.closed.Load():
			return sent, c.fail("writeto", net.ErrClosed)
		default:
			return sent, c.fail("writeto", err)
		}
	}
}

// moveTo copies through a buffer what has arrived. It is nil for the end of the stream.
func (c *TCPConn) moveTo(w io.Writer, sent *int64) error {
	b := largeBuffers.Get().(*[]byte)
	defer largeBuffers.Put(b)
	for {
		c.dst = *b
		n, err := c.take(&c.dst)
		c.dst = nil
		if err != nil {
			return readEnd(err)
		}
		done, werr := w.Write((*b)[:n])
		*sent += int64(done)
		switch {
		case werr != nil:
			return werr
		case done != n:
			return io.ErrShortWrite
		case c.in.err() != nil:
			return errNothing
		}
	}
}

// ReadFrom copies from r until its end: what io.Copy does. On Linux what a socket of package
// net has is read into the send buffer, and no other buffer is held; while ReadFrom waits for
// that socket, deadlines and Close of this conn do not end it.
func (c *TCPConn) ReadFrom(r io.Reader) (int64, error) {
	raw := newRawPeer(r)
	if raw == nil {
		return c.moveFrom(r)
	}
	c.out.turn.Lock()
	defer c.out.turn.Unlock()
	var got int64
	moved := func(n int) { got += int64(n) }
	for {
		err := c.out.err()
		if err == nil {
			err = raw.moveDown(c.e.ep, moved)
		}
		switch {
		case err == nil:
			return got, nil
		case errors.Is(err, errNothing):
			c.out.wait()
		case c.e.closed.Load():
			return got, c.fail("readfrom", net.ErrClosed)
		default:
			return got, c.fail("readfrom", err)
		}
	}
}

// moveFrom copies through a buffer, which is small as long as that suffices.
func (c *TCPConn) moveFrom(r io.Reader) (int64, error) {
	pool := smallBuffers
	b := pool.Get().(*[]byte)
	defer func() { pool.Put(b) }()
	for got := int64(0); ; {
		n, err := r.Read(*b)
		if n > 0 {
			done, werr := c.Write((*b)[:n])
			got += int64(done)
			if werr != nil {
				return got, werr
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return got, nil
		case err != nil:
			return got, c.fail("readfrom", err)
		}
		// A full buffer asks for a larger one, a nearly empty one for the small one.
		if next := poolFor(pool, n, len(*b)); next != pool {
			pool.Put(b)
			pool = next
			b = pool.Get().(*[]byte)
		}
	}
}

func poolFor(pool *sync.Pool, n, size int) *sync.Pool {
	switch {
	case n == size:
		return largeBuffers
	case n < 2<<10:
		return smallBuffers
	}
	return pool
}
