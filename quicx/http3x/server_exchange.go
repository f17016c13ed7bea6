package http3x

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// writePiece is how much has to be taken within the stall time.
const writePiece = 256 << 10

// serveHTTP counts and watches a request while the handler has it.
func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	if !c.begin() {
		panic(http.ErrAbortHandler)
	}
	x := newExchange(c, w, r)
	defer x.end(r)
	if c.early() && !repeatable(r.Method) {
		w.WriteHeader(http.StatusTooEarly)
		return
	}
	(*s.handler.Load()).ServeHTTP(x, r)
}

// early says whether what came on the conn may be a replay.
func (c *conn) early() bool {
	select {
	case <-c.quic.HandshakeComplete():
		return false
	default:
		return true
	}
}

// repeatable says whether a request may be served twice.
func repeatable(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}

// exchange is a request and its response as the handler sees them. It has all that http3's ResponseWriter has.
type exchange struct {
	http.ResponseWriter

	conn        *conn
	read, write lane
	taken       context.Context // of the stream that the handler has taken over
}

func newExchange(c *conn, w http.ResponseWriter, r *http.Request) *exchange {
	cfg := c.server.cfg
	control := w.(deadlines)
	x := &exchange{ResponseWriter: w, conn: c}
	x.read = lane{server: c.server, set: control.SetReadDeadline, stall: cfg.StallTimeout}
	x.write = lane{server: c.server, set: control.SetWriteDeadline, stall: cfg.StallTimeout}
	if r.ContentLength < 0 {
		x.read.stall = cfg.StreamTimeout
	}
	// http3 does not look at it again, and sets trailers in r itself.
	r.Body = &requestBody{ReadCloser: r.Body, lane: &x.read}
	return x
}

// end is deferred: it reports a panic.
func (x *exchange) end(r *http.Request) {
	x.write.renew() // for what http3 still writes
	if x.taken != nil {
		context.AfterFunc(x.taken, x.conn.end)
	} else {
		x.conn.end()
	}
	p := recover()
	if p == nil {
		return
	}
	if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		err := fmt.Errorf("panic in the handler of %s %s: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
		x.conn.server.report(&Error{Op: "serve", Address: r.RemoteAddr, Err: err})
	}
	panic(http.ErrAbortHandler) // http3 resets the stream
}

// deadlines is what http3's ResponseWriter has.
type deadlines interface {
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// lane bounds one direction of a request.
type lane struct {
	server *Server
	set    func(time.Time) error
	stall  time.Duration // not positive: no bound

	mu    sync.Mutex
	own   bool // the handler has set a deadline itself
	until time.Time
}

// renew gives the client the stall time, and moves the deadline rarely.
func (l *lane) renew() {
	if l.stall <= 0 {
		return
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.own && l.until.Sub(now) < l.stall {
		const share = 4
		l.until = now.Add(l.stall + min(l.stall/share, math.MaxInt64-l.stall))
		_ = l.set(l.until) // fails for a stream that is over: then reads and writes do
	}
}

// take hands the lane over to the handler.
func (l *lane) take(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.own = true
	return l.set(t)
}

// done counts a stall.
func (l *lane) done(err error) {
	if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.own {
		l.own = true // the request is counted once
		l.server.stalled.Add(1)
	}
}

// requestBody is the body of a request.
type requestBody struct {
	io.ReadCloser

	lane *lane
}

// Read reads from the client.
func (b *requestBody) Read(p []byte) (int, error) {
	b.lane.renew()
	n, err := b.ReadCloser.Read(p)
	b.lane.done(err)
	return n, err
}

// Unwrap gives http.ResponseController what is not here.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// WriteHeader sends an informational header at once, and keeps others.
func (x *exchange) WriteHeader(status int) {
	x.write.renew()
	x.ResponseWriter.WriteHeader(status)
}

// Write writes in pieces, each of which has the stall time.
func (x *exchange) Write(p []byte) (n int, err error) {
	for {
		piece := p[n:min(len(p), n+writePiece)]
		x.write.renew()
		m, err := x.ResponseWriter.Write(piece)
		x.write.done(err)
		if n += m; err != nil || n >= len(p) {
			return n, err
		}
	}
}

// Flush sends what is buffered.
func (x *exchange) Flush() { _ = x.FlushError() } // what http.Flusher cannot tell

// FlushError sends what is buffered.
func (x *exchange) FlushError() error {
	x.write.renew()
	err := x.ResponseWriter.(interface{ FlushError() error }).FlushError()
	x.write.done(err)
	return err
}

// SetReadDeadline hands the reading over to the handler.
func (x *exchange) SetReadDeadline(t time.Time) error { return x.read.take(t) }

// SetWriteDeadline hands the writing over to the handler.
func (x *exchange) SetWriteDeadline(t time.Time) error { return x.write.take(t) }

// EnableFullDuplex does nothing: HTTP/3 always is.
func (*exchange) EnableFullDuplex() error { return nil }

// ReceivedSettings is that of [http3.Settingser].
func (x *exchange) ReceivedSettings() <-chan struct{} {
	return x.ResponseWriter.(http3.Settingser).ReceivedSettings()
}

// Settings is that of [http3.Settingser].
func (x *exchange) Settings() *http3.Settings { return x.ResponseWriter.(http3.Settingser).Settings() }

// HTTPStream is that of [http3.HTTPStreamer]. The request counts as in flight until the stream is closed for writing.
func (x *exchange) HTTPStream() (*http3.Stream, error) {
	str, err := x.ResponseWriter.(http3.HTTPStreamer).HTTPStream()
	if err != nil {
		return nil, err
	}
	x.taken = str.Context()
	_ = x.read.take(time.Time{}) // no deadline: never fails
	_ = x.write.take(time.Time{})
	return str, nil
}
