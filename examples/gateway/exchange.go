package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// statusClientGone stands in the log for a client that did not wait for its
// response. No such response is ever sent.
const statusClientGone = 499

// An exchange is the gateway's side of one request: the ResponseWriter for it,
// what there is to log, and deadlines that move with the traffic.
type exchange struct {
	http.ResponseWriter
	control *http.ResponseController
	client  context.Context // ends when the client is gone
	body    *clientBody     // nil: none
	stall   time.Duration

	upstream string
	status   int
	sent     int64
	complete bool  // the response is whole
	err      error // why it failed
}

func newExchange(w http.ResponseWriter, r *http.Request, stall time.Duration) *exchange {
	x := &exchange{
		ResponseWriter: w, control: http.NewResponseController(w),
		client: r.Context(), stall: stall,
	}
	if r.Body != nil && r.Body != http.NoBody {
		x.body = &clientBody{ReadCloser: r.Body, control: x.control, stall: stall}
	}
	// The last response on this conn left its deadline, see end.
	x.control.SetWriteDeadline(time.Time{})
	// An upstream may answer while the client is still sending; HTTP/1.1 would
	// read the whole body first. HTTP/2 always can.
	_ = x.control.EnableFullDuplex()
	return x
}

// request returns r with the exchange's body.
func (x *exchange) request(r *http.Request) *http.Request {
	if x.body == nil {
		return r
	}
	own := *r
	own.Body = x.body
	return &own
}

// Unwrap gives http.ResponseController what is not here.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// WriteHeader notes the status, unless it is only informational.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write gives the client the stall time to take some of p. The deadline stands
// until the flush that the proxy does after every write.
func (x *exchange) Write(p []byte) (int, error) {
	x.arm()
	n, err := x.ResponseWriter.Write(p)
	x.sent += int64(n)
	return n, err
}

// FlushError sends what was written, and lifts the deadline: on HTTP/2 it would
// end a stream that waits for its upstream.
func (x *exchange) FlushError() error {
	err := x.control.Flush()
	x.control.SetWriteDeadline(time.Time{})
	return err
}

// Hijack hands the conn over for an upgrade. The proxy writes the response there.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := x.control.Hijack()
	if err == nil {
		x.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

// end leaves a deadline for what the server itself still has to write.
func (x *exchange) end() { x.arm() }

func (x *exchange) arm() { x.control.SetWriteDeadline(time.Now().Add(x.stall)) }

// refuse answers with a status and its text.
func (x *exchange) refuse(status int) { http.Error(x, http.StatusText(status), status) }

// fail answers a request that got no response. The client learns the kind of
// error, and the log the rest.
func (x *exchange) fail(err error) {
	x.err = err
	status := x.classify(err)
	if status == statusClientGone {
		x.status = status
		panic(http.ErrAbortHandler) // a 200 would follow otherwise
	}
	x.refuse(status)
}

// classify finds out whose fault an error is. The client's body comes first: a
// server takes a read of it that fails for a client that is gone, and ends the
// context of the request.
func (x *exchange) classify(err error) int {
	cause := context.Cause(x.client)
	failure := x.body.failure()
	switch {
	case failure != nil && isTimeout(failure):
		return http.StatusRequestTimeout
	case errors.Is(cause, errShutdown):
		return http.StatusServiceUnavailable
	case cause != nil || failure != nil:
		return statusClientGone
	case isTimeout(err):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// isTimeout says whether time has run out.
func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
