package httpx

import (
	"errors"
	"net"
	"net/http"
	"time"
)

// Timings are the phases of a request. A phase that did not take place, or was not
// seen, is 0; on Windows, whose clock moves in steps, also a short one. After
// several attempts the phases are those of the last one.
type Timings struct {
	// Start is when the request was given to the round tripper.
	Start time.Time
	// Attempts is how often a conn was asked for: 1 unless the transport, or a
	// round tripper above it, sent the request again.
	Attempts int
	// DNS, Connect and TLS are the parts of a dial: resolving the name, connecting
	// (to the first address that answered), the handshake. 0 on a conn that was
	// there already.
	DNS, Connect, TLS time.Duration
	// Conn is the wait for a conn: the dial, or that for one to become free.
	Conn time.Duration
	// Write is from having a conn to having written the request and its body.
	Write time.Duration
	// Wait is from then to the first byte of the response.
	Wait time.Duration
	// FirstByte is from Start to the first byte of the response.
	FirstByte time.Duration
	// Body is from the first byte to the end of the body.
	Body time.Duration
	// Total is from Start to the end of the body, its being closed, or the failure;
	// to now, as long as none of these is known.
	Total time.Duration
	// Reused says that the conn had been used before, and Idle for how long it had
	// then not been used (HTTP/1).
	Reused bool
	Idle   time.Duration
	// LocalAddr and RemoteAddr are the ends of the conn, nil without one. Behind a
	// proxy the other end is the proxy.
	LocalAddr, RemoteAddr net.Addr
	// Status and Proto are those of the response: 0 and "" without one, else
	// "HTTP/2.0" for instance. A [Recorder] of [WithTimings] does not know them.
	Status int
	Proto  string
	// TLSResumed says that the conn came about by resuming a session.
	TLSResumed bool
	// Err is why there is no response, or not all of its body.
	Err error
}

// Timed is a round tripper that measures. It is safe for concurrent use.
type Timed struct {
	next http.RoundTripper
	done func(*http.Request, Timings)
}

// NewTimed returns a Timed that sends with next and calls done once for each
// request: when the body of the response has been read to its end, was closed or
// failed, or when there is no response. It is called by the goroutine that does
// that, by many at the same time, and must not change the request.
// Traces that the context of a request has already (package httptrace) go on.
func NewTimed(next http.RoundTripper, done func(*http.Request, Timings)) (*Timed, error) {
	if err := joined(nextOf(next), func(p *problems) {
		if done == nil {
			p.add("done", "nil", errors.New("there is nobody to be told"))
		}
	}); err != nil {
		return nil, err
	}
	return &Timed{next: next, done: done}, nil
}

// RoundTrip implements [http.RoundTripper].
func (t *Timed) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, r := WithTimings(req.Context())
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		t.done(req, r.finish(err))
		return nil, err
	}
	r.answered(resp)
	resp.Request = req
	return onEnd(resp, func(err error) { t.done(req, r.finish(err)) }), nil
}

// CloseIdleConnections closes those of the round tripper underneath.
func (t *Timed) CloseIdleConnections() { closeIdle(t.next) }
