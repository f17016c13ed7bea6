package main

import (
	"bufio"
	"context"
	"net"
	"net/http"
)

// statusClientGone stands in the log for a client that did not wait for its
// response. No such response is ever sent.
const statusClientGone = 499

// An exchange is what there is to log of one request: the ResponseWriter for it
// sees the response go by.
type exchange struct {
	http.ResponseWriter

	connect  bool
	upstream string
	status   int
	sent     int64
	complete bool  // the response is whole
	err      error // why it failed
}

// exchangeKey is the context key of a request's *exchange.
type exchangeKey struct{}

// newExchange returns the exchange of a request, and the request that leads to
// it.
func newExchange(w http.ResponseWriter, r *http.Request) (*exchange, *http.Request) {
	x := &exchange{ResponseWriter: w, connect: r.Method == http.MethodConnect}
	return x, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
}

// failed notes why a request failed.
func failed(r *http.Request, err error) {
	r.Context().Value(exchangeKey{}).(*exchange).err = err
}

// outcome returns the status for the log.
func (x *exchange) outcome() int {
	if x.status == 0 && x.err != nil {
		return statusClientGone // everybody else gets an answer
	}
	return x.status
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

// Write counts what was sent.
func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(p)
	x.sent += int64(n)
	return n, err
}

// Hijack hands the conn over for an upgrade, or a CONNECT. The response is written
// there.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(x.ResponseWriter).Hijack()
	switch {
	case err != nil:
	case x.connect:
		x.status = http.StatusOK
	default:
		x.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

// refuse answers with a status and its text.
func (x *exchange) refuse(status int) { http.Error(x, http.StatusText(status), status) }
