package httpx

import (
	"errors"
	"reflect"
)

// A poolVerdict says what an error of net/http proves about a request.
type poolVerdict int

const (
	poolUnknown poolVerdict = iota
	poolUnsent              // nothing of it was written
	poolRefused             // the server says that it did nothing with it
	poolGoAway              // it says so, and will do nothing more on this conn
	poolCut                 // the conn ended before the first byte of a response
)

// What net/http keeps to itself, by the names of its types and by its words. A
// test provokes each: another version of Go that calls them differently only
// means that less is sent again.
var (
	poolVerdictsByType = map[string]poolVerdict{
		"http.nothingWrittenError":          poolUnsent,
		"http.transportReadFromServerError": poolCut,
	}
	poolVerdictsByText = map[string]poolVerdict{
		// Only for a conn that was closed before it was given the request.
		"http: server closed idle connection":                         poolUnsent,
		"http2: client conn not usable":                               poolUnsent,
		"http2: client conn could not be established":                 poolUnsent,
		"http2: Transport received Server's graceful shutdown GOAWAY": poolGoAway,
	}
)

func verdictOf(err error) poolVerdict {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if v := poolVerdictsByType[reflect.TypeOf(e).String()]; v != poolUnknown {
			return v
		}
		if v := poolVerdictsByText[e.Error()]; v != poolUnknown {
			return v
		}
	}
	var stream streamError
	switch {
	case !errors.As(err, &stream):
	case stream.Code == refusedStream:
		return poolRefused
	case stream.Code == protocolError && stream.Cause != nil && stream.Cause.Error() == "received from peer":
		return poolGoAway // as in net/http: servers that mean the first, and a conn that it uses no more
	}
	return poolUnknown
}

// plainPoolError takes off what net/http takes off, too.
func plainPoolError(err error) error {
	for poolVerdictsByType[reflect.TypeOf(err).String()] != poolUnknown {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	return err
}

// again decides whether the request may be sent once more after an error on the conn.
func (c *poolCall) again(conn *poolConn, send *poolRequest, err error) bool {
	verdict := verdictOf(err)
	switch {
	case c.ctx.Err() != nil || !send.replayable() || verdict == poolUnknown:
		return false
	case verdict == poolCut && !(conn.served.Load() && send.idempotent()):
		return false
	case verdict != poolUnsent || !conn.served.Load():
		c.sent++ // a conn that had worked and was closed in between is nobody's fault
	}
	c.avoid = append(c.avoid, conn.addr)
	return c.sent < conn.addr.host.pool.cfg.MaxAttempts
}
