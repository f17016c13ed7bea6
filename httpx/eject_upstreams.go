package httpx

import (
	"container/list"
	"sync"
	"time"
)

// upstreams is what an Ejector knows. It is safe for concurrent use.
type upstreams struct {
	config EjectorConfig

	mu    sync.Mutex
	known map[string]*list.Element // of *upstream
	order list.List                // most recently used first
}

// upstream is the state of one: it is closed (in use), ejected until a time, or being probed.
type upstream struct {
	key       string
	streak    int // failures in a row
	window    time.Time
	requests  int // in the window
	failures  int // in the window
	ejections int // in a row
	until     time.Time
	ejected   bool
	probing   bool
	last      error
}

func newUpstreams(c EjectorConfig) *upstreams {
	return &upstreams{config: c, known: make(map[string]*list.Element)}
}

// find returns an upstream, which is then the last one to be forgotten.
func (s *upstreams) find(key string) *upstream {
	if e, ok := s.known[key]; ok {
		s.order.MoveToFront(e)
		return e.Value.(*upstream)
	}
	u := &upstream{key: key}
	s.known[key] = s.order.PushFront(u)
	if len(s.known) > s.config.MaxUpstreams {
		delete(s.known, s.order.Remove(s.order.Back()).(*upstream).key)
	}
	return u
}

// admit reports whether a request may go to an upstream, and whether it is the
// one that probes it.
func (s *upstreams) admit(key string) (u *upstream, probe bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u = s.find(key)
	now := time.Now()
	switch {
	case !u.ejected:
		return u, false, nil
	case now.Before(u.until) || u.probing:
		return nil, false, &EjectedError{Upstream: key, Until: u.until, Err: u.last}
	}
	u.probing = true
	return u, true, nil
}

// abandon frees the place of a probe that has shown nothing.
func (s *upstreams) abandon(u *upstream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.probing = false
}

// A change is what an answer has made of an upstream.
type change struct {
	kind  EventKind // 0 for nothing
	key   string
	lasts time.Duration
}

// report counts an answer. Those of requests that were under way when the upstream was
// ejected do not matter any more. It returns what became of the upstream by it.
func (s *upstreams) report(u *upstream, probe, failed bool, cause error) change {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case probe && failed:
		u.last = cause
		s.eject(u, now)
		return change{Ejected, u.key, u.until.Sub(now)}
	case probe:
		*u = upstream{key: u.key, ejections: u.ejections, until: u.until}
		return change{Restored, u.key, 0}
	case !u.ejected:
		s.count(u, now, failed)
		if failed && s.due(u) && s.room(u) {
			u.last = cause
			s.eject(u, now)
			return change{Ejected, u.key, u.until.Sub(now)}
		}
	}
	return change{}
}

func (s *upstreams) count(u *upstream, now time.Time, failed bool) {
	if now.Sub(u.window) > s.config.Window {
		u.window, u.requests, u.failures = now, 0, 0
	}
	u.requests++
	if !failed {
		u.streak = 0
		return
	}
	u.streak++
	u.failures++
}

// due reports whether an upstream has failed often enough.
func (s *upstreams) due(u *upstream) bool {
	c := s.config
	return c.Consecutive > 0 && u.streak >= c.Consecutive ||
		c.Ratio > 0 && u.requests >= c.Minimum && float64(u.failures) >= c.Ratio*float64(u.requests)
}

// room reports whether one more may be ejected.
func (s *upstreams) room(u *upstream) bool {
	ejected := 1
	for _, e := range s.known {
		if other := e.Value.(*upstream); other.ejected && other != u {
			ejected++
		}
	}
	return ejected == 1 && len(s.known) == 1 || float64(ejected) <= s.config.MaxShare*float64(len(s.known))
}

// eject begins an ejection. It is longer than the one before, unless the
// upstream was well for as long as that lasted.
func (s *upstreams) eject(u *upstream, now time.Time) {
	if !u.ejected && now.Sub(u.until) > s.time(u.ejections) {
		u.ejections = 0
	}
	u.ejections++
	u.ejected, u.probing = true, false
	u.until = now.Add(s.time(u.ejections))
}

// time is how long the nth ejection in a row lasts.
func (s *upstreams) time(n int) time.Duration {
	d := s.config.For
	for ; n > 1 && d < s.config.MaxFor; n-- {
		d += min(d, s.config.MaxFor-d)
	}
	return d
}

// list returns the upstreams that are ejected or probed, and until when.
func (s *upstreams) list() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]time.Time)
	for key, e := range s.known {
		if u := e.Value.(*upstream); u.ejected {
			all[key] = u.until
		}
	}
	return all
}
