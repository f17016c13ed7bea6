package httpx

import (
	"errors"
	"net/http"
	"time"
)

// answer is what a handler has written, if there is a hook.
type answer struct {
	status int
	bytes  int64
}

// began notes the first final status. Informational ones are not the answer, but
// for 101, after which there is no other.
func (a *answer) began(status int) {
	if a != nil && a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
}

// wrote counts bytes of the body.
func (a *answer) wrote(n int64) {
	if a != nil {
		a.began(http.StatusOK)
		a.bytes += n
	}
}

var errPanicked = errors.New("the handler panicked")

// contextual returns the request with the context of ServerConfig.RequestContext.
func (s *Server) contextual(r *http.Request) *http.Request {
	if s.cfg.RequestContext == nil {
		return r
	}
	return r.WithContext(s.cfg.RequestContext(r.Context(), r))
}

// handle calls the handler, and tells the hook when it has ended, in whatever way.
func (s *Server) handle(x *exchange, r *http.Request) {
	if s.cfg.OnEvent == nil {
		s.cfg.Handler.ServeHTTP(x.writer(), r)
		return
	}
	x.answer = new(answer)
	e := Event{Kind: RequestServed, Context: r.Context(), Request: r, Start: time.Now(), Err: errPanicked}
	defer func() {
		e.Duration, e.Status, e.Bytes = time.Since(e.Start), x.answer.status, x.answer.bytes
		switch {
		case e.Err != nil:
			e.Err = &Error{Op: "serve", Err: e.Err}
		case e.Status == 0 && !x.hijacked.Load():
			e.Status = http.StatusOK // as net/http says for a handler that writes nothing
		}
		s.cfg.OnEvent(e)
	}()
	s.cfg.Handler.ServeHTTP(x.writer(), r)
	e.Err = nil
}
