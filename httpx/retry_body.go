package httpx

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
)

// replay makes a request with a body of its own for each attempt.
type replay struct {
	req *http.Request
	// again returns the body of a further attempt, nil if there cannot be one.
	again func() (io.ReadCloser, error)
}

// newReplay reads the body up to max bytes if there is no other way to have it
// twice, and if it is of use. On an error the body is closed.
func newReplay(req *http.Request, most int64) (*replay, error) {
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		return &replay{req: req, again: func() (io.ReadCloser, error) { return req.Body, nil }}, nil
	case req.GetBody != nil:
		return &replay{req: req, again: req.GetBody}, nil
	case !idempotent(req) || req.ContentLength <= 0 || req.ContentLength > most || req.Header.Get("Expect") != "":
		return &replay{req: req}, nil
	}
	data, err := readBody(req)
	if err != nil {
		return nil, err
	}
	body := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	r := req.WithContext(req.Context())
	r.Body, _ = body()
	r.GetBody = body
	return &replay{req: r, again: body}, nil
}

// readBody reads what the length says, and closes the body once, at the latest
// when the context ends. A body of another length is left to the transport's check.
func readBody(req *http.Request) ([]byte, error) {
	ctx := req.Context()
	var closed error
	closeBody := sync.OnceFunc(func() { closed = req.Body.Close() })
	stop := context.AfterFunc(ctx, closeBody)
	defer stop()
	data, err := io.ReadAll(io.LimitReader(req.Body, req.ContentLength+1))
	closeBody()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil {
		err = closed
	}
	if err != nil {
		return nil, &Error{Op: "read request body", Err: err}
	}
	return data, nil
}

// next returns the request of a further attempt.
func (r *replay) next() (*http.Request, error) {
	body, err := r.again()
	if err != nil {
		return nil, &Error{Op: "repeat request body", Err: err}
	}
	req := r.req.WithContext(r.req.Context())
	req.Body = body
	return req, nil
}
