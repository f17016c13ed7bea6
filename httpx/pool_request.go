package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// A poolRequest is a request that may be sent more than once.
type poolRequest struct {
	origin *http.Request
	body   *poolRequestBody // nil without one
}

func newPoolRequest(req *http.Request) *poolRequest {
	r := &poolRequest{origin: req}
	if hasBody(req) {
		r.body = &poolRequestBody{ReadCloser: req.Body}
	}
	return r
}

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// close closes the body, once: net/http has done it already in most cases.
func (r *poolRequest) close() {
	if r.body != nil {
		r.body.Close()
	}
}

// on sends the request on the conn.
func (r *poolRequest) on(c *poolConn) (*http.Response, error) {
	req := r.origin
	ctx, cancel := c.context(req)
	if r.body != nil || cancel != nil {
		req = r.origin.WithContext(ctx)
	}
	if r.body != nil {
		req.Body = r.body
	}
	c.got(ctx)
	res, err := c.cc.RoundTrip(req)
	if err != nil {
		if cancel != nil {
			cancel()
		}
		c.failed(r.origin.Context().Err() == nil && (r.body == nil || !r.body.broken.Load()), err)
		return nil, err
	}
	c.worked(res.ProtoMajor)
	res.Request = r.origin
	end := &poolEnd{conn: c, cancel: cancel}
	if res.StatusCode == http.StatusSwitchingProtocols {
		c.closing.Store(true) // from now on it is the caller's to close
		end.finish()
		return res, nil
	}
	if res.Body == http.NoBody {
		end.finish()
		return res, nil
	}
	res.Body = &poolResponseBody{ReadCloser: res.Body, end: end}
	return res, nil
}

// context gives the attempt a context of its own where an HTTP/1 conn would
// otherwise stay registered with the caller's after a failure (ClientConn
// cancels what it derives only when a body ends).
func (c *poolConn) context(req *http.Request) (context.Context, context.CancelFunc) {
	ctx := req.Context()
	if ctx.Done() == nil && req.Cancel == nil || c.multiplexed() { //nolint:staticcheck // callers of old use it
		return ctx, nil
	}
	return context.WithCancel(ctx)
}

// replayable reports whether the body can be sent from its beginning.
func (r *poolRequest) replayable() bool {
	return r.body == nil || r.body.fresh() || r.origin.GetBody != nil
}

// rewind makes the body new. It closes the old one.
func (r *poolRequest) rewind() error {
	if r.body == nil || r.body.fresh() {
		return nil
	}
	r.body.Close()
	if r.origin.GetBody == nil {
		return errors.New("the body cannot be sent again: it was read, and there is no GetBody")
	}
	body, err := r.origin.GetBody()
	if err != nil {
		return err
	}
	r.body = &poolRequestBody{ReadCloser: body}
	return nil
}

// idempotent is what net/http takes for it.
func (r *poolRequest) idempotent() bool {
	switch r.origin.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return hasIdempotencyKey(r.origin)
}

// A poolRequestBody knows whether anybody read or closed it, and whether that failed.
type poolRequestBody struct {
	io.ReadCloser
	read, closed, broken atomic.Bool
}

func (b *poolRequestBody) Read(p []byte) (int, error) {
	if !b.read.Load() {
		b.read.Store(true)
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.broken.Store(true)
	}
	return n, err
}

func (b *poolRequestBody) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	return b.ReadCloser.Close()
}

func (b *poolRequestBody) fresh() bool { return !b.read.Load() && !b.closed.Load() }

// A poolEnd is what has to be done once when a request has ended.
type poolEnd struct {
	conn   *poolConn
	cancel context.CancelFunc
	done   atomic.Bool
}

func (e *poolEnd) finish() {
	if e.done.Swap(true) {
		return
	}
	if e.cancel != nil {
		e.cancel()
	}
	e.conn.done()
}

// A poolResponseBody tells its conn when it was read or closed.
type poolResponseBody struct {
	io.ReadCloser
	end *poolEnd
}

func (b *poolResponseBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end.finish()
	}
	return n, err
}

func (b *poolResponseBody) Close() error {
	err := b.ReadCloser.Close()
	b.end.finish()
	return err
}
