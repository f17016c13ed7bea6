package httpx

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// proxyExchange is one request on its way: the ResponseWriter for it, and what
// is known of its failure.
type proxyExchange struct {
	http.ResponseWriter
	proxy   *ReverseProxy
	request *http.Request // as it came
	control *http.ResponseController
	target  *url.URL
	body    *proxyBody // nil: none

	given    http.Header // set before the proxy was called
	informed bool        // and cleared since, with an informational response
	streams  bool        // the response goes out as it comes
	left     int64
	hijacked bool
	complete bool
	err      error // the first
	upstream *responseBody
	tunnel   io.ReadWriteCloser // nil: no upgrade
}

// exchangeKey is the context key of a *proxyExchange.
type exchangeKey struct{}

// context returns that of the request. In one that no server made,
// httputil.ReverseProxy would not abort a response that it cannot complete.
func (x *proxyExchange) context() context.Context {
	ctx := context.WithValue(x.request.Context(), exchangeKey{}, x)
	if ctx.Value(http.ServerContextKey) == nil {
		ctx = context.WithValue(ctx, http.ServerContextKey, new(http.Server))
	}
	return ctx
}

// Unwrap gives http.ResponseController what is not here.
func (x *proxyExchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// endBody reads what is left of the body of an HTTP/1 request, or gives it up, after the response is sent. In full
// duplex net/http does so when it looks for the next request already, panics when it meets the end of the body, and
// takes the rest of one that stalls for the next request (Go 1.26).
func (x *proxyExchange) endBody() {
	if x.body == nil || x.body.ended.Load() || x.body.failure() != nil || x.request.ProtoMajor != 1 || x.hijacked {
		return
	}
	_ = x.control.Flush() // the client may wait for the response before it sends the rest
	if x.body.Close() != nil {
		panic(http.ErrAbortHandler)
	}
}

// WriteHeader passes on a status. httputil leaves hop-by-hop fields in informational
// responses, which break HTTP/2, and clears the header after them.
func (x *proxyExchange) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols {
		x.restore()
	} else {
		x.informed = true
		dropHopByHop(x.Header())
	}
	x.ResponseWriter.WriteHeader(status)
}

// restore brings back what informational responses have cleared.
func (x *proxyExchange) restore() {
	if !x.informed {
		return
	}
	x.informed = false
	h := x.Header()
	for name, values := range x.given {
		h[name] = append(slices.Clone(values), h[name]...)
	}
}

// Write passes on a piece of the response.
func (x *proxyExchange) Write(p []byte) (int, error) {
	n, err := x.ResponseWriter.Write(p)
	x.left -= int64(n)
	x.note(err)
	return n, err
}

// FlushError sends what was written, unless the end of the response will: so a
// response without a body stays one frame, as gRPC wants it, and the last bytes
// go out together with the end.
func (x *proxyExchange) FlushError() error {
	if !x.streams && x.left <= 0 {
		return nil
	}
	err := x.control.Flush()
	x.note(err)
	return err
}

// Hijack hands the conn over for an upgrade, with the bytes that the client has
// sent already.
func (x *proxyExchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := x.control.Hijack()
	if err != nil {
		return nil, nil, err
	}
	x.restore()
	// The CONNECT behind an extendedWriter can still be answered.
	_, extended := x.ResponseWriter.(*extendedWriter)
	x.hijacked = !extended
	return withEarly(c, rw), rw, nil
}

// note keeps the first error.
func (x *proxyExchange) note(err error) {
	if x.err == nil {
		x.err = err
	}
}

// end reports what failed after the response had begun. It closes the tunnel,
// which httputil leaves open when the client's side cannot be had, or when the
// upstream has switched to another protocol than it was asked for.
func (x *proxyExchange) end() {
	if x.tunnel != nil {
		x.tunnel.Close()
	}
	if x.complete {
		return
	}
	if x.err == nil {
		x.err = x.upstream.failure()
	}
	if x.err != nil && x.proxy.cfg.OnError != nil {
		x.proxy.cfg.OnError(x.request, x.err)
	}
}

// refuse answers a request that has no target.
func (x *proxyExchange) refuse(err error) {
	if err == nil {
		http.Error(x.ResponseWriter, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		x.complete = true
		return
	}
	x.fail(&Error{Op: "route", Err: err})
}

// fail is the ErrorHandler of httputil.ReverseProxy.
func fail(w http.ResponseWriter, _ *http.Request, err error) { w.(*proxyExchange).fail(err) }

// fail answers a request that has got no response.
func (x *proxyExchange) fail(err error) {
	x.note(err)
	status := x.statusOf(err)
	if status == 0 || x.hijacked {
		panic(http.ErrAbortHandler) // a 200 would follow otherwise
	}
	x.restore()
	if x.request.ProtoMajor == 1 && x.body.failure() != nil {
		// In full duplex net/http would take what follows a malformed body for the next request.
		x.Header().Set("Connection", "close")
	}
	if x.proxy.cfg.Failed != nil {
		x.proxy.cfg.Failed(x.ResponseWriter, x.request, status, err)
	} else {
		http.Error(x.ResponseWriter, http.StatusText(status), status)
	}
	if x.proxy.cfg.OnError != nil {
		x.proxy.cfg.OnError(x.request, err)
	}
	x.complete = true
}

// statusOf returns what a failure is for the client, 0 if that is gone. The
// body comes first: net/http takes a read of it that fails for a client that is
// gone, and ends the context of the request.
func (x *proxyExchange) statusOf(err error) int {
	cause := context.Cause(x.request.Context())
	failure := x.body.failure()
	_, tooLarge := errors.AsType[*http.MaxBytesError](failure)
	switch {
	case tooLarge:
		return http.StatusRequestEntityTooLarge
	case isTimeout(failure):
		return http.StatusRequestTimeout
	case errors.Is(cause, http.ErrServerClosed):
		return http.StatusServiceUnavailable
	case errors.Is(cause, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case cause != nil || failure != nil && isLost(failure):
		return 0
	case failure != nil:
		return http.StatusBadRequest
	case isTimeout(err):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// isLost says whether the conn is to blame, and not what was sent.
func isLost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.ErrUnexpectedEOF)
}

func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// proxyBody is the body of a request. It remembers why it could not be read.
type proxyBody struct {
	io.ReadCloser
	ended atomic.Bool // there is nothing left to read
	mu    sync.Mutex
	err   error
}

// Read reads from the client.
func (b *proxyBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.ended.Store(true)
	}
	if err != nil && err != io.EOF {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

// failure returns why reading failed; nil if it did not, or if there is no body.
func (b *proxyBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// responseBody is the body of a response. It remembers why it could not be read.
type responseBody struct {
	io.ReadCloser
	err error
}

// Read reads from the upstream.
func (b *responseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (b *responseBody) failure() error {
	if b == nil {
		return nil
	}
	return b.err
}

// earlyConn is a conn of which some bytes were read before.
type earlyConn struct {
	net.Conn
	early []byte
}

// Read returns those first.
func (c *earlyConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// CloseWrite ends one direction.
func (c *earlyConn) CloseWrite() error { return closeWrite(c.Conn) }
