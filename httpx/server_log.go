package httpx

import (
	"errors"
	"strings"
)

// errorLog turns the lines that net/http logs into calls of OnError.
type errorLog struct{ onError func(error) }

// Write takes one line.
func (l *errorLog) Write(line []byte) (int, error) {
	if l.onError != nil {
		text := strings.TrimSpace(string(line))
		l.onError(&Error{Op: "serve", Err: errors.New(strings.TrimPrefix(text, "http: "))})
	}
	return len(line), nil
}

// report tells OnError, if there is one.
func (s *Server) report(err error) {
	if s.cfg.OnError != nil {
		s.cfg.OnError(err)
	}
}
