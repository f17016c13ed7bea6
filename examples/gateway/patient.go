package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// patient is a RoundTripper with a bound for an upstream that neither takes
// the request nor answers it. Transport.ResponseHeaderTimeout starts only after
// the last byte of the body, so an upstream that stops reading escapes it.
type patient struct {
	next     http.RoundTripper
	patience time.Duration
}

// RoundTrip returns a silentError when the upstream shows no sign of life for
// the time of the patience. Time that the client takes does not count.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	w := newWatch(p.patience, func() { cancel(&silentError{p.patience}) })
	defer w.end()
	own := r.WithContext(ctx)
	// What follows a CONNECT is no request body: it comes after the answer.
	if r.Method != http.MethodConnect && r.Body != nil && r.Body != http.NoBody {
		own.Body = &watchedBody{ReadCloser: r.Body, watch: w}
	}
	res, err := p.next.RoundTrip(own)
	if err != nil {
		if silent, ok := errors.AsType[*silentError](context.Cause(ctx)); ok {
			err = silent
		}
		cancel(nil)
		return nil, err
	}
	// ctx ends with the request's own: the body of the response needs it.
	return res, nil
}

// silentError says that an upstream showed no sign of life.
type silentError struct{ after time.Duration }

// Error tells for how long.
func (e *silentError) Error() string {
	return fmt.Sprintf("the upstream neither took nor sent anything for %v", e.after)
}

// Timeout is true: time ran out.
func (e *silentError) Timeout() bool { return true }

// Temporary completes net.Error.
func (e *silentError) Temporary() bool { return true }

// A watch is a timer that can be stopped and started over, until its end.
type watch struct {
	mu    sync.Mutex
	timer *time.Timer
	d     time.Duration
	ended bool
}

func newWatch(d time.Duration, expired func()) *watch {
	return &watch{d: d, timer: time.AfterFunc(d, expired)}
}

func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
}

// resume starts over, unless the watch has ended: a body may still be read when
// the response is there.
func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.timer.Reset(w.d)
	}
}

func (w *watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.timer.Stop()
}

// watchedBody pauses the watch while it waits for the client.
type watchedBody struct {
	io.ReadCloser
	watch *watch
}

// Read reads from the client.
func (b *watchedBody) Read(p []byte) (int, error) {
	b.watch.pause()
	defer b.watch.resume()
	return b.ReadCloser.Read(p)
}
