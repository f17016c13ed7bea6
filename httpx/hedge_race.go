package httpx

import (
	"context"
	"net/http"
	"sync"
)

// race is several attempts at one request at the same time. It belongs to one
// goroutine; those of the attempts end when their round trip does, which the end of
// the race cancels.
type race struct {
	cancels []context.CancelFunc
	results chan result // has room for all

	mu   sync.Mutex
	over bool
}

// result is how an attempt ended.
type result struct {
	lane int
	resp *http.Response
	err  error
}

func newRace(lanes int) *race {
	return &race{cancels: make([]context.CancelFunc, lanes), results: make(chan result, lanes)}
}

// start sends a request in a lane that is free. An attempt that is given up may look
// at its request when the caller has got his answer, and changes what he sent.
func (r *race) start(lane int, next http.RoundTripper, req *http.Request) {
	ctx, cancel := context.WithCancel(req.Context())
	r.cancels[lane] = cancel
	own := req.WithContext(ctx)
	own.Header = req.Header.Clone()
	if req.URL != nil {
		u := *req.URL
		own.URL = &u
	}
	go func() {
		resp, err := next.RoundTrip(own)
		if err != nil {
			cancel()
		}
		if !r.deliver(result{lane, resp, err}) {
			drop(resp)
		}
	}()
}

// deliver reports whether the race still waited for the result.
func (r *race) deliver(got result) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.results <- got
	}
	return !r.over
}

// win cancels all other attempts. The context of the winner ends with its body.
func (r *race) win(winner result, req *http.Request) *http.Response {
	r.stop(winner.lane)
	winner.resp.Request = req
	return onEnd(winner.resp, func(error) { r.cancels[winner.lane]() })
}

// stop cancels all attempts but one, and closes what they have brought.
func (r *race) stop(except int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	for lane, cancel := range r.cancels {
		if lane != except && cancel != nil {
			cancel()
		}
	}
	for len(r.results) > 0 {
		drop((<-r.results).resp)
	}
}

// drop closes a response whose request is cancelled, if there is one.
func drop(resp *http.Response) {
	if resp != nil && resp.Body != nil {
		resp.Body.Close()
	}
}
