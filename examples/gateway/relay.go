package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Why a session was cut.
var (
	errIdle           = errors.New("nothing moved for too long")
	errSessionTooLong = errors.New("the session lasted too long")
)

// chunk is how many bytes one copy moves at most. Deadlines are set once a
// chunk, so a receiver that takes less than this in the idle time counts as one
// that takes nothing.
const chunk = 256 << 10

// A relay forwards bytes between two conns, in both directions at once. The
// end of one direction is passed on alone (half-close), and anything but an
// end as a reset.
type relay struct {
	client, server net.Conn
	idle           time.Duration
	active         atomic.Int64 // when a byte last moved, in nanoseconds since start
	start          time.Time
	sent, received int64 // to and from the server; valid after run
}

func newRelay(client, server net.Conn, idle time.Duration) *relay {
	return &relay{client: client, server: server, idle: idle, start: time.Now()}
}

// run forwards until both directions have ended, and closes both conns. It
// cuts them when ctx is done.
func (r *relay) run(ctx context.Context) error {
	var once sync.Once
	var cause error
	abort := func(err error) {
		once.Do(func() {
			cause = err
			reset(r.client)
			reset(r.server)
		})
	}
	stop := context.AfterFunc(ctx, func() { abort(context.Cause(ctx)) })
	var wg sync.WaitGroup
	forward := func(dst, src net.Conn, n *int64) {
		if err := r.forward(bare(dst), bare(src), n); err != nil {
			abort(err)
		}
	}
	wg.Go(func() { forward(r.server, r.client, &r.sent) })
	forward(r.client, r.server, &r.received)
	wg.Wait()
	stop()
	once.Do(func() {
		r.client.Close()
		r.server.Close()
	})
	return cause
}

// forward copies one direction to its end and passes the end on.
func (r *relay) forward(dst, src net.Conn, total *int64) error {
	for {
		n, end, err := r.copyChunk(dst, src)
		*total += n
		if n > 0 {
			r.active.Store(int64(time.Since(r.start)))
		}
		if err != nil {
			return err
		}
		if end {
			return closeWrite(dst)
		}
	}
}

// copyChunk moves up to a chunk. A read that takes half the idle time returns,
// so that both directions can tell whether the session is idle: nothing is
// lost by that, while a write that times out may have taken bytes with it. The
// write deadline is the later one, which tells the two apart.
func (r *relay) copyChunk(dst, src net.Conn) (n int64, end bool, err error) {
	now := time.Now()
	stalled := now.Add(r.idle)
	src.SetReadDeadline(now.Add(r.idle / 2)) // a closed conn says so when it is read
	dst.SetWriteDeadline(stalled)
	limited := &io.LimitedReader{R: src, N: chunk}
	n, err = copyBytes(dst, limited)
	switch {
	case err == nil:
		return n, limited.N > 0, nil
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return n, false, err
	case !time.Now().Before(stalled):
		return n, false, errIdle
	case n == 0 && time.Since(r.start)-time.Duration(r.active.Load()) >= r.idle:
		return n, false, errIdle
	}
	return n, false, nil
}

// buffers holds what copyBytes uses when the kernel cannot copy by itself. The
// size is that of a TLS record; a session without traffic keeps two.
var buffers = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// copyBytes copies to the end of src. Between two TCP conns the bytes stay in
// the kernel: ReadFrom of a *net.TCPConn splices from a *net.TCPConn, also
// through an io.LimitedReader.
func copyBytes(dst net.Conn, src *io.LimitedReader) (int64, error) {
	if tcp, ok := dst.(*net.TCPConn); ok && spliceable(src.R) {
		return tcp.ReadFrom(src)
	}
	buf := buffers.Get().(*[16 << 10]byte)
	defer buffers.Put(buf)
	// Without the wrapper ReadFrom of dst would allocate a buffer of its own.
	return io.CopyBuffer(struct{ io.Writer }{dst}, src, buf[:])
}

// spliceable says whether a reader is a conn of package net without anything
// around.
func spliceable(r io.Reader) bool {
	switch r.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// bare returns the conn of package net inside of one that a listener counts. To
// close that one would not end the count.
func bare(c net.Conn) net.Conn {
	if _, secure := c.(*tls.Conn); secure {
		return c
	}
	if w, ok := c.(interface{ NetConn() net.Conn }); ok {
		return w.NetConn()
	}
	return c
}

// closeWrite ends one direction: FIN for TCP, close_notify for TLS.
func closeWrite(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return c.Close()
}
