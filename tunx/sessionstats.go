package tunx

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"time"
)

// Why sessions end, and why requests are not taken.
var (
	// ErrSessionIdle ends a session whose idle time has passed.
	ErrSessionIdle = errors.New("session was idle")
	// ErrSessionLimit ends a session that made room for another, and refuses one that finds
	// no room.
	ErrSessionLimit = errors.New("too many sessions")
	// ErrSessionEnded ends a session that the proxy has ended.
	ErrSessionEnded = errors.New("session ended by the proxy")
	// ErrQueueFull says that a request was dropped, because others wait already.
	ErrQueueFull = errors.New("queue of the session is full")
)

// Traffic counts datagrams and their payload in bytes.
type Traffic struct{ Datagrams, Bytes uint64 }

// SessionInfo is a session at one moment.
type SessionInfo struct {
	// Local is the side of the one who sends requests. Remote is the other side where the
	// mapping is [Symmetric], else invalid.
	Local, Remote netip.AddrPort
	// Opened, LastWrite and LastRead are when it began, and had its last request and answer;
	// without an answer LastRead is Opened.
	Opened, LastWrite, LastRead time.Time
	// Sent and Received are the requests that the proxy took, and the answers; one that is
	// being handed on counts, until that fails.
	Sent, Received Traffic
	// Dropped are requests that found the queue full, or were in it when the session ended.
	Dropped uint64
	// Failed are requests that the proxy, and answers that the reply function returned an
	// error for.
	Failed uint64
	// Filtered are answers of others than Remote.
	Filtered uint64
}

// SessionStats counts since [NewSessions].
type SessionStats struct {
	// Open is the number of sessions now, QueuedBytes the memory of what waits in them.
	Open, QueuedBytes int
	// Opened are the sessions that were begun. Of those that have ended, Idle were idle,
	// Evicted made room, Ended were ended by the proxy, and Unopened refused by it.
	Opened, Idle, Evicted, Ended, Unopened uint64
	// Refused are requests for which there was no room.
	Refused uint64
	// Sent, Received, Dropped, Failed and Filtered are those of all sessions.
	Sent, Received            Traffic
	Dropped, Failed, Filtered uint64
	// Late are answers that came after their session had ended.
	Late uint64
}

// counter is a Traffic that is counted by several goroutines.
type counter struct{ datagrams, bytes atomic.Uint64 }

func (c *counter) add(n int) {
	c.datagrams.Add(1)
	c.bytes.Add(uint64(n)) //nolint:gosec // a length
}

// take takes back what add has added.
func (c *counter) take(n int) {
	c.datagrams.Add(^uint64(0))
	c.bytes.Add(^uint64(n) + 1) //nolint:gosec // a length
}

func (c *counter) load() Traffic { return Traffic{c.datagrams.Load(), c.bytes.Load()} }

func (u *session) info() SessionInfo {
	return SessionInfo{
		Local: u.key.local, Remote: u.key.remote,
		Opened: u.opened, LastWrite: u.timeOf(u.lastWrite.Load()), LastRead: u.timeOf(u.lastRead.Load()),
		Sent: u.sent.load(), Received: u.received.load(),
		Dropped: u.drops.Load(), Failed: u.failures.Load(), Filtered: u.filtered.Load(),
	}
}

// timeOf returns the time of what is counted since epoch.
func (u *session) timeOf(t int64) time.Time { return u.opened.Add(time.Duration(t - u.begun)) }

func (t *SessionStats) add(i SessionInfo) {
	t.Sent.Datagrams += i.Sent.Datagrams
	t.Sent.Bytes += i.Sent.Bytes
	t.Received.Datagrams += i.Received.Datagrams
	t.Received.Bytes += i.Received.Bytes
	t.Dropped += i.Dropped
	t.Failed += i.Failed
	t.Filtered += i.Filtered
}

// Stats returns the counters.
func (s *Sessions) Stats() SessionStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.past
	t.Open, t.QueuedBytes = len(s.sessions), int(s.queued.Load())
	t.Late = s.late.Load()
	t.Dropped += s.dropped.Load()
	for _, u := range s.sessions {
		t.add(u.info())
	}
	return t
}

// leave takes a session that has ended out of the table, and keeps its counters.
func (s *Sessions) leave(u *session, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(u)
	s.past.add(u.info())
	var refused *Error // all other causes are sentinels
	switch {
	case errors.As(cause, &refused):
		s.past.Unopened++
	case errors.Is(cause, ErrSessionIdle):
		s.past.Idle++
	case errors.Is(cause, ErrSessionEnded):
		s.past.Ended++
	}
}
