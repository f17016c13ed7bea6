package udpsession

import (
	"fmt"
	"net"
)

// Reason says why a session ended, or why a new peer got none.
type Reason uint8

// Why a session ended.
const (
	Closed   Reason = iota + 1 // Close of its conn
	Idle                       // Config.IdleTimeout passed without traffic
	Aged                       // Config.MaxAge passed
	Evicted                    // it gave way to a new one, see EvictIdle
	Shutdown                   // the listener was closed, or shut down before Accept returned the session
)

// Why a new peer got no session.
const (
	Denied       Reason = iota + 16 // Config.Allow and Config.Deny
	ShuttingDown                    // Shutdown has begun
	SourceFull                      // Config.MaxSessionsPerSource
	BacklogFull                     // Config.Backlog
	MemoryFull                      // no room for the first datagram: MaxBytes or QueueBytes
	Full                            // Config.MaxSessions, with Refuse
)

var reasons = map[Reason]string{
	Closed: "closed", Idle: "idle", Aged: "aged", Evicted: "evicted", Shutdown: "shutdown",
	Denied: "denied", ShuttingDown: "shutting down", SourceFull: "source full",
	BacklogFull: "backlog full", MemoryFull: "memory full", Full: "full",
}

// String returns the reason in lower case, for instance "backlog full".
func (r Reason) String() string {
	if s, ok := reasons[r]; ok {
		return s
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// What the calls on a session return that ended by itself, inside of a
// *net.OpError. All of them are [net.ErrClosed] too. After Close of the conn or
// of the listener the error is plain net.ErrClosed.
var (
	ErrIdle    = fmt.Errorf("the session was idle for too long: %w", net.ErrClosed)
	ErrAged    = fmt.Errorf("the session reached its maximum age: %w", net.ErrClosed)
	ErrEvicted = fmt.Errorf("the session gave way to a new one: %w", net.ErrClosed)
)

// cause is the error of a session that ended for r.
func (r Reason) cause() error {
	switch r {
	case Idle:
		return ErrIdle
	case Aged:
		return ErrAged
	case Evicted:
		return ErrEvicted
	}
	return net.ErrClosed
}
