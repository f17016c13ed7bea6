package netstack

import "sync"

// endpointSet holds the open endpoints of a stack, bound or not. The engine knows of the
// bound ones only.
type endpointSet struct {
	mu     sync.Mutex
	open   map[*endpoint]struct{}
	closed bool
}

// add reports false when the set was aborted already.
func (s *endpointSet) add(e *endpoint) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.open == nil {
		s.open = make(map[*endpoint]struct{})
	}
	s.open[e] = struct{}{}
	return true
}

func (s *endpointSet) remove(e *endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, e)
}

// abort aborts every endpoint, and those that are added later.
func (s *endpointSet) abort() {
	s.mu.Lock()
	open := s.open
	s.open, s.closed = nil, true
	s.mu.Unlock()
	for e := range open {
		e.abort()
	}
}
