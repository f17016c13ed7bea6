package dtlsx

import (
	"bytes"
	"container/list"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
)

const (
	// DefaultSessions is the size of a [SessionCache] for which 0 was given.
	DefaultSessions = 1024
	// DefaultSessionLifetime is the lifetime for which 0 was given, and the most
	// that RFC 5246, appendix F.1.4, recommends.
	DefaultSessionLifetime = 24 * time.Hour
	// maxSessions keeps a mistake from being the whole memory: an entry has up to
	// some KiB of certificates.
	maxSessions = 1 << 20
)

// A SessionCache keeps the sessions that were used last, for Config.Sessions. It
// is safe for concurrent use. Dialers that show different certificates must not
// share one, since a session goes on under the identity that began it.
type SessionCache struct {
	size     int
	lifetime time.Duration
	now      func() time.Time

	mu      sync.Mutex
	entries map[string]*list.Element
	order   list.List // of *sessionEntry, the last used first
}

type sessionEntry struct {
	key     string
	session dtls.Session
	expires time.Time
}

// NewSessionCache returns a cache of so many sessions, 0 means DefaultSessions
// and 1,048,576 is the most. One is forgotten after its lifetime, however often
// it is used; 0 means DefaultSessionLifetime.
func NewSessionCache(size int, lifetime time.Duration) (*SessionCache, error) {
	var p problems
	p.add("size", strconv.Itoa(size), within(size, 1, maxSessions))
	p.span("lifetime", lifetime)
	setDefault(&size, DefaultSessions)
	setDefault(&lifetime, DefaultSessionLifetime)
	if err := p.err(); err != nil {
		return nil, err
	}
	return &SessionCache{size: size, lifetime: lifetime, now: time.Now, entries: make(map[string]*list.Element)}, nil
}

// Set keeps a session.
func (s *SessionCache) Set(key []byte, session dtls.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(string(key))
	e := &sessionEntry{key: string(key), session: cloneSession(session), expires: s.now().Add(s.lifetime)}
	s.entries[e.key] = s.order.PushFront(e)
	if s.order.Len() > s.size {
		s.remove(s.order.Back().Value.(*sessionEntry).key)
	}
	return nil
}

// Get returns a session, or an empty one if there is none.
func (s *SessionCache) Get(key []byte) (dtls.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	element, ok := s.entries[string(key)]
	if !ok {
		return dtls.Session{}, nil
	}
	e := element.Value.(*sessionEntry)
	if !s.now().Before(e.expires) {
		s.remove(e.key)
		return dtls.Session{}, nil
	}
	s.order.MoveToFront(element)
	return cloneSession(e.session), nil
}

// Del forgets a session.
func (s *SessionCache) Del(key []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(string(key))
	return nil
}

// Len returns how many sessions there are, those included that have expired and
// were not asked for since.
func (s *SessionCache) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order.Len()
}

func (s *SessionCache) remove(key string) {
	if e, ok := s.entries[key]; ok {
		delete(s.entries, key)
		s.order.Remove(e)
	}
}

// cloneSession keeps the entries apart from the states that the library makes of
// them. Certificates are read only.
func cloneSession(s dtls.Session) dtls.Session {
	s.ID, s.Secret, s.IdentityHint = bytes.Clone(s.ID), bytes.Clone(s.Secret), bytes.Clone(s.IdentityHint)
	s.PeerCertificates = slices.Clone(s.PeerCertificates)
	return s
}

// sessions is the store as one handshake uses it. It remembers what was offered,
// to tell a resumed conn, and what to forget if the handshake fails: the library
// does that only for alerts that it sends itself.
type sessions struct {
	store dtls.SessionStore

	mu    sync.Mutex
	keys  [][]byte
	found []byte // the ID of the session that the store had
}

func (s *sessions) Set(key []byte, session dtls.Session) error {
	s.note(key)
	return s.store.Set(key, session)
}

func (s *sessions) Get(key []byte) (dtls.Session, error) {
	session, err := s.store.Get(key)
	if err == nil && len(session.ID) > 0 {
		s.note(key)
		s.mu.Lock()
		s.found = bytes.Clone(session.ID)
		s.mu.Unlock()
	}
	return session, err
}

func (s *sessions) Del(key []byte) error { return s.store.Del(key) }

func (s *sessions) note(key []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, bytes.Clone(key))
}

// resumed reports whether the session of a finished handshake is an old one.
func (s *sessions) resumed(id []byte) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(id) > 0 && bytes.Equal(s.found, id)
}

// forget is for a handshake that failed (RFC 5246, section 7.2).
func (s *sessions) forget() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, key := range s.keys {
		errs = append(errs, s.store.Del(key))
	}
	return errors.Join(errs...)
}
