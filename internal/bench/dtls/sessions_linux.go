package main

import (
	"net"
	"sync"

	"github.com/pion/dtls/v3"

	"github.com/strata-net/strata/dtlsx"
)

// A store knows which sessions were gone on with, as the library does not tell.
type store struct {
	dtls.SessionStore

	mu    sync.Mutex
	given map[string]bool // by ID
}

func newStore() (*store, error) {
	const most = 1 << 14 // more than are made meanwhile
	c, err := dtlsx.NewSessionCache(most, 0)
	return &store{SessionStore: c, given: map[string]bool{}}, err
}

// Get returns a session.
func (s *store) Get(key []byte) (dtls.Session, error) {
	found, err := s.SessionStore.Get(key)
	if len(found.ID) > 0 {
		s.mu.Lock()
		s.given[string(found.ID)] = true
		s.mu.Unlock()
	}
	return found, err
}

// resumed reports whether a conn goes on with a session of the store.
func (s *store) resumed(c net.Conn) bool {
	switch c := c.(type) {
	case *dtlsx.Conn:
		return c.ConnectionState().Resumed
	case *dtls.Conn:
		if s == nil {
			return false
		}
		state, _ := c.ConnectionState()
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.given[string(state.SessionID)]
	}
	return false
}
