package httpx

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// conns knows the conns of HTTP/1 and HTTP/2 by what net/http says of them.
type conns struct {
	all  sync.Map // of net.Conn to *connInfo
	open atomic.Int64
}

// connInfo is what is known of a conn.
type connInfo struct {
	since    time.Time    // accepted
	state    atomic.Int32 // an http.ConnState
	http1    atomic.Bool  // has had a request of HTTP/1
	end      atomic.Int64 // of its present idleness, Unix nanoseconds; 0: not set
	requests atomic.Int64
}

// connState is called by net/http. A conn is new until its first byte, of HTTP/2
// until its preface. A hijacked conn stays until it is closed, see hijackedConn.
func (s *Server) connState(c net.Conn, state http.ConnState) {
	if state == http.StateClosed {
		s.forget(c)
		return
	}
	if info, ok := s.conns.all.Load(c); ok {
		info.(*connInfo).state.Store(int32(state)) //nolint:gosec // one of five
		info.(*connInfo).end.Store(0)
	}
}

// forget drops a conn that is closed.
func (s *Server) forget(c net.Conn) {
	if _, ok := s.conns.all.LoadAndDelete(c); ok {
		s.conns.open.Add(-1)
		s.notify()
	}
}

// infoOf is the context key of a *connInfo.
type infoOf struct{}

// connContext is called by net/http for each conn, before connState.
func (s *Server) connContext(ctx context.Context, c net.Conn) context.Context {
	info := &connInfo{since: time.Now()}
	s.conns.open.Add(1)
	s.conns.all.Store(c, info)
	ctx = context.WithValue(ctx, infoOf{}, info)
	if s.cfg.ConnContext != nil {
		ctx = s.cfg.ConnContext(ctx, c)
	}
	return ctx
}

// last counts a request of its conn and says whether it is the last one.
func (s *Server) last(r *http.Request) bool {
	most := int64(s.cfg.MaxRequestsPerConn)
	if r.ProtoMajor > 1 && most == 0 {
		return false // there is nothing to look up
	}
	info, ok := r.Context().Value(infoOf{}).(*connInfo)
	if !ok {
		return false
	}
	if r.ProtoMajor == 1 && !info.http1.Load() {
		info.http1.Store(true)
	}
	if r.ProtoMajor == 1 && s.isDraining() {
		return true
	}
	return most > 0 && info.requests.Add(1) >= most
}

// nudge ends the conns that wait for their next request, and those that have
// sent nothing since long ago.
func (c *conns) nudge() {
	now := time.Now()
	c.all.Range(func(key, value any) bool {
		info := value.(*connInfo)
		switch http.ConnState(info.state.Load()) {
		case http.StateNew:
			if now.Sub(info.since) > silentGrace {
				key.(net.Conn).Close()
			}
		case http.StateIdle:
			if info.http1.Load() {
				info.endIdle(key.(net.Conn), now)
			}
		}
		return true
	})
}

// endIdle sets the end of a conn that is idle. net/http sets another deadline
// just after the conn has become idle, and when a request begins: so it is set
// again, but not when it is over.
func (i *connInfo) endIdle(c net.Conn, now time.Time) {
	i.end.CompareAndSwap(0, now.Add(idleGrace).UnixNano())
	if end := time.Unix(0, i.end.Load()); now.Before(end) {
		_ = c.SetReadDeadline(end) // fails only if it is closed
	}
}

// closeAll closes all, the hijacked ones too.
func (c *conns) closeAll() {
	c.all.Range(func(key, _ any) bool {
		key.(net.Conn).Close()
		return true
	})
}
