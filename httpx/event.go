package httpx

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Event is something that happened to a request, or to what requests are sent
// with. The OnEvent of each config says which kinds it hears of.
//
// OnEvent is called by the goroutine where it happens, which goes on when it
// returns, and by several at a time, with no lock held. It must not change the
// request, should not block, and must not close what calls it. Nobody recovers a
// panic in it, but net/http in the goroutine of a server's request. nil costs
// nothing.
type Event struct {
	Kind EventKind
	// Context is that of the request; for PoolDialed its values only, as the conn
	// may be for others. So what is made of an event, a span for instance, belongs
	// to what the request does.
	Context context.Context //nolint:containedctx // it is an argument of a call
	// Request is nil for PoolDialed. For RequestServed it is what the handler got,
	// with the Pattern that an http.ServeMux has found.
	Request *http.Request
	// Upstream is, for Ejected and Restored, the key; for PoolDialed scheme://host of
	// the name; for AltSvcFailed the host:port of the alternative.
	Upstream string
	// Address is the address that PoolDialed dialled, "" where a dialer of a
	// strict pool chose it.
	Address string
	// Attempt is, for Retried and Hedged, the number of the attempt that follows: 2
	// for the first beyond the request itself.
	Attempt int
	// Status is that of the response: for RequestServed what the handler has
	// written, 0 if it hijacked the conn or panicked before; for Retried and
	// AltSvcFailed that of the attempt, 0 if there was no response.
	Status int
	// Bytes is, for RequestServed, how much of a body the handler has written.
	Bytes int64
	// Start is when it began and Duration how long it took: the handler of
	// RequestServed, the dial of PoolDialed. For Retried and Ejected there is no
	// Start, and Duration is how long the next attempt waits, or the ejection lasts.
	Start    time.Time
	Duration time.Duration
	// Err is why: for RequestServed that the handler panicked, an *[Error]; for
	// Retried, Ejected and AltSvcFailed what failed, a [StatusError] for a status;
	// for PoolDialed why there is no conn.
	Err error
}

// EventKind is what happened.
type EventKind uint8

// The kinds of events.
const (
	_             EventKind = iota
	RequestServed           // a handler has returned, see ServerConfig.OnEvent
	Retried                 // a request is about to be sent again, see RetryConfig.OnEvent
	Hedged                  // a slow request is about to be sent once more, see HedgeConfig.OnEvent
	Ejected                 // an upstream is left alone from now on, see EjectorConfig.OnEvent
	Restored                // an upstream has answered its probe
	AltSvcFailed            // an alternative failed or was slower, see AltSvcConfig.OnEvent
	PoolDialed              // a dial of a pool has ended, see PoolConfig.OnEvent
	eventKinds
)

var eventNames = [eventKinds]string{
	RequestServed: "request served",
	Retried:       "retried",
	Hedged:        "hedged",
	Ejected:       "ejected",
	Restored:      "restored",
	AltSvcFailed:  "alternative failed",
	PoolDialed:    "pool dialed",
}

// String returns the kind in words: "request served".
func (k EventKind) String() string {
	if k == 0 || k >= eventKinds {
		return "unknown"
	}
	return eventNames[k]
}

// statusOf is 0 for an error that is not about a status.
func statusOf(err error) int {
	if s, ok := errors.AsType[StatusError](err); ok {
		return int(s)
	}
	return 0
}
