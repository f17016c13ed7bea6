package httpx

import (
	"net/http"
	"sync/atomic"
)

// ServerStats are the counters of a Server.
type ServerStats struct {
	// Conns of HTTP/1 and HTTP/2 by state. A new conn has sent nothing yet, its
	// TLS handshake aside; an idle one waits for its next request.
	New, Active, Idle, Hijacked int
	// HTTP1, HTTP2 and HTTP3 count requests.
	HTTP1, HTTP2, HTTP3 RequestStats
	// Stalled is how many requests were cut by StallTimeout or StreamTimeout.
	Stalled int64
}

// RequestStats counts requests of one protocol. A hijacked conn is a request in
// flight until its handler returns.
type RequestStats struct {
	InFlight, Total int64
}

// protocol is the index of a counter.
type protocol int

const (
	protocolHTTP1 protocol = iota
	protocolHTTP2
	protocolHTTP3
	protocolCount
)

// requestCount counts the requests of one protocol.
type requestCount struct{ inFlight, total atomic.Int64 }

func (c *requestCount) stats() RequestStats {
	return RequestStats{InFlight: c.inFlight.Load(), Total: c.total.Load()}
}

// Stats returns the counters as they are now. They go on after Close.
func (s *Server) Stats() ServerStats {
	n := ServerStats{
		HTTP1:   s.requests[protocolHTTP1].stats(),
		HTTP2:   s.requests[protocolHTTP2].stats(),
		HTTP3:   s.requests[protocolHTTP3].stats(),
		Stalled: s.watch.stalled.Load(),
	}
	s.conns.all.Range(func(_, value any) bool {
		switch http.ConnState(value.(*connInfo).state.Load()) {
		case http.StateActive:
			n.Active++
		case http.StateIdle:
			n.Idle++
		case http.StateHijacked:
			n.Hijacked++
		default:
			n.New++
		}
		return true
	})
	return n
}

// inFlight returns how many requests are in flight.
func (s *Server) inFlight() (n int64) {
	for i := range s.requests {
		n += s.requests[i].inFlight.Load()
	}
	return n
}
